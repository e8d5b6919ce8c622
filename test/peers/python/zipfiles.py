"""Archives of models in Python's zipfile: `read` checks one of ours, `write` makes those of the ways in which Python writes."""

import io
import json
import os
import shutil
import sys
import zipfile

what, place, folder = sys.argv[1:]


class Stream(io.RawIOBase):
    """What cannot seek, like a socket: sizes come after the data."""

    def __init__(self, path):
        self.file = open(path, "wb")

    def writable(self):
        return True

    def write(self, data):
        return self.file.write(data)


def names():
    return sorted(
        os.path.relpath(os.path.join(parent, name), place).replace(os.sep, "/")
        for parent, _, files in os.walk(place)
        for name in files
    )


def write(path, method, stream=False, wide=False):
    target = Stream(path) if stream else path
    with zipfile.ZipFile(target, "w", method) as archive:
        for name in names():
            with open(os.path.join(place, name), "rb") as source:
                with archive.open(zipfile.ZipInfo(name), "w", force_zip64=wide) if wide else archive.open(
                    zipfile.ZipInfo.from_file(os.path.join(place, name), name), "w"
                ) as entry:
                    shutil.copyfileobj(source, entry)
    if stream:
        target.file.close()


if what == "read":
    with zipfile.ZipFile(place) as archive:
        assert archive.testzip() is None
        archive.extractall(folder)
        print(
            json.dumps(
                {
                    "names": archive.namelist(),
                    "times": sorted({info.date_time for info in archive.infolist()}),
                    "modes": sorted({oct(info.external_attr >> 16) for info in archive.infolist()}),
                    "extra": sum(len(info.extra) + len(info.comment) for info in archive.infolist()),
                }
            )
        )
else:
    write(os.path.join(folder, "stored.zip"), zipfile.ZIP_STORED)
    write(os.path.join(folder, "deflated.zip"), zipfile.ZIP_DEFLATED)
    write(os.path.join(folder, "streamed.zip"), zipfile.ZIP_DEFLATED, stream=True)
    write(os.path.join(folder, "streamed-stored.zip"), zipfile.ZIP_STORED, stream=True)
    write(os.path.join(folder, "wide.zip"), zipfile.ZIP_STORED, wide=True)
    write(os.path.join(folder, "streamed-wide.zip"), zipfile.ZIP_STORED, stream=True, wide=True)
    shutil.make_archive(os.path.join(folder, "archive"), "zip", place)
    with zipfile.ZipFile(os.path.join(folder, "appended.zip"), "w") as archive:
        archive.write(os.path.join(place, "MLmodel"), "MLmodel")
    with zipfile.ZipFile(os.path.join(folder, "appended.zip"), "a", zipfile.ZIP_DEFLATED) as archive:
        for name in names():
            if name != "MLmodel":
                archive.write(os.path.join(place, name), name)
        archive.comment = b"by two hands"
