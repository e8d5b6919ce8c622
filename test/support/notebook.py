"""Runs cells, a JSON list of texts on stdin, in Deno's notebook kernel; prints a list with what each cell has shown."""

import json
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
        bundles = []

        def collect(message):
            content = message["content"]
            if message["msg_type"] == "error":
                raise RuntimeError("\n".join(content["traceback"]))
            if "data" in content:
                bundles.append(content["data"])

        client.execute_interactive(cell, timeout=60, output_hook=collect)
        shown.append(bundles)
    print(json.dumps(shown))
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=True)
