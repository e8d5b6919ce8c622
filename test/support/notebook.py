"""Runs cells, a JSON list of texts on stdin, in Deno's notebook kernel; prints a list with what each cell has shown.

A cell that shows nothing ends with a semicolon.
"""

import json
import queue
import sys

from jupyter_client import KernelManager
from jupyter_client.kernelspec import KernelSpec

deno, folder = sys.argv[1:]
manager = KernelManager()
manager._kernel_spec = KernelSpec(
    argv=[deno, "jupyter", "--kernel", "--conn", "{connection_file}"], display_name="Deno", language="typescript"
)
manager.start_kernel(cwd=folder)
client = manager.client()
client.start_channels()
try:
    client.wait_for_ready(timeout=60)
    shown = []
    for cell in json.load(sys.stdin):
        request = client.execute(cell)
        bundles = []
        is_idle = False
        # Deno says now and then that it is idle before it shows what the cell has come to.
        while not is_idle or (not bundles and not cell.rstrip().endswith(";")):
            try:
                message = client.get_iopub_msg(timeout=60)
            except queue.Empty:
                raise TimeoutError(f"nothing is shown by {cell!r}") from None
            if message["parent_header"].get("msg_id") != request:
                continue
            content = message["content"]
            if message["msg_type"] == "error":
                raise RuntimeError("\n".join(content["traceback"]))
            is_idle = is_idle or content.get("execution_state") == "idle"
            if "data" in content:
                bundles.append(content["data"])
        shown.append(bundles)
    print(json.dumps(shown))
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=True)
