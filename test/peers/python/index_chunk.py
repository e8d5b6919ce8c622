"""Reads a chunk of an index as docs/formats/s3-store.md describes it: whole with three readers, and by its columns."""

import gzip
import json
import struct
import sys

import duckdb
import pandas

HEADER = bytes([0x1F, 0x8B, 8, 4, 0, 0, 0, 0, 0, 255])
TRAILER = bytes([3, 0, 0, 0, 0, 0, 0, 0, 0, 0])
path = sys.argv[1]


def side_of(file):
    pieces, at = [], 0
    while file[at : at + 10] == HEADER and file[at + 12 : at + 14] == b"TM":
        (length,) = struct.unpack_from("<H", file, at + 14)
        pieces.append(file[at + 16 : at + 16 + length])
        assert file[at + 16 + length : at + 26 + length] == TRAILER
        at += 26 + length
    return b"".join(pieces), at


def columns_of(directory, sections):
    at = 0
    for group, first, last, length in directory["sections"]:
        for name, values, *rows in json.loads(gzip.decompress(sections[at : at + length])):
            assert first.encode("utf-16-be") <= name.encode("utf-16-be") <= last.encode("utf-16-be")
            places = rows[0] if rows else range(directory["rows"])
            yield f"{group} {name}", {row: value for row, value in zip(places, values) if value is not None}
        at += length
    assert at == len(sections)


with open(path, "rb") as opened:
    file = opened.read()
side, text_at = side_of(file)
(length,) = struct.unpack_from("<I", side)
directory = json.loads(gzip.decompress(side[4 : 4 + length]))
heads = [json.loads(line) for line in gzip.decompress(file).splitlines()]
blocks, at = [], text_at
for rows, size in directory["blocks"]:
    lines = gzip.decompress(file[at : at + size]).splitlines()
    assert len(lines) == rows
    blocks += [json.loads(line) for line in lines]
    at += size
assert at == len(file) and blocks == heads and directory["rows"] == len(heads)
print(
    json.dumps(
        {
            "format": directory["format"],
            "ids": [head["id"] for head in heads],
            "pandas": pandas.read_json(path, lines=True)["id"].tolist(),
            "duckdb": [row[0] for row in duckdb.sql(f"SELECT id FROM read_json_auto('{path}', format = 'newline_delimited')").fetchall()],
            "columns": dict(columns_of(directory, side[4 + length :])),
        }
    )
)
