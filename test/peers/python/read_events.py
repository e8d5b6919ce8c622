"""Prints the scalars that TensorBoard sees in a directory: through its accumulator, and through the loader below it."""

import json
import struct
import sys
from pathlib import Path

from tensorboard.backend.event_processing import event_accumulator
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
from tensorboard.util import tensor_util

directory = Path(sys.argv[1])


def bits(value):
    """Any number as JSON, which has no NaN."""
    return "7ff8000000000000" if value != value else struct.pack(">d", value).hex()


# As many as there are: by default it keeps a sample.
accumulator = event_accumulator.EventAccumulator(str(directory), size_guidance={event_accumulator.SCALARS: 0})
accumulator.Reload()
accumulated = {
    tag: [{"step": str(e.step), "wallTime": bits(e.wall_time), "value": bits(e.value)} for e in accumulator.Scalars(tag)]
    for tag in accumulator.Tags()["scalars"]
}

versions = []
loaded = []
for path in sorted(directory.iterdir()):
    for event in EventFileLoader(str(path)).Load():
        if event.HasField("file_version"):
            versions.append(event.file_version)
        for value in event.summary.value:
            loaded.append(
                {
                    "tag": value.tag,
                    "step": str(event.step),
                    "wallTime": bits(event.wall_time),
                    "value": bits(tensor_util.make_ndarray(value.tensor).item()),
                    "plugin": value.metadata.plugin_data.plugin_name,
                }
            )

print(json.dumps({"versions": versions, "accumulated": accumulated, "loaded": loaded}))
