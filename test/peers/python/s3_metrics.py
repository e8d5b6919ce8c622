"""What pyarrow, pandas and DuckDB see of the metrics in a bucket, as docs/guide/s3.md shows it. Prints JSON."""

import json
import os
import struct
import sys

import duckdb
import pandas
import pyarrow
import pyarrow.parquet
from fsspec.implementations.arrow import ArrowFSWrapper
from pyarrow.fs import S3FileSystem

bucket, step, runs = sys.argv[1], sys.argv[2], sys.argv[3]
endpoint = os.environ["MLFLOW_S3_ENDPOINT_URL"]
s3 = S3FileSystem(endpoint_override=endpoint, region="us-east-1")
files = ArrowFSWrapper(s3)


def metric_files(run):
    """The files that count now: the compacted ones, and the segments that are in none of them yet."""
    segments = files.glob(f"{run}/seg/*/*.parquet")
    manifest = {"objs": [], "hwm": {}}
    if files.exists(f"{run}/metrics.json"):
        manifest = json.loads(files.cat_file(f"{run}/metrics.json"))
    counting = [f"{run}/cmp/{file['name']}" for file in manifest["objs"]]
    for path in segments:
        writer, name = path.split("/")[-2:]
        if int(name.split("-")[0]) > manifest["hwm"].get(writer, 0):
            counting.append(path)
    return counting


def bits(value):
    """The 64 bits of a number: JSON has no NaN, no infinities and no -0."""
    return "7ff8000000000000" if value != value else struct.pack(">d", value).hex()


def rows(frame):
    frame = frame.sort_values(["key", "step", "timestamp"], kind="stable")
    return [[row.key, int(row.step), int(row.timestamp), bits(row.value)] for row in frame.itertuples()]


def read():
    run = f"{bucket}/{runs}"
    paths = metric_files(run)
    frame = pandas.concat(pandas.read_parquet(path, filesystem=s3) for path in paths)
    connection = duckdb.connect()
    connection.register_filesystem(files)
    listed = [f"s3://{path}" for path in paths]
    counts = connection.execute(
        "SELECT key, count(*), max(step), run FROM read_parquet($1, hive_partitioning = true, union_by_name = true)"
        " GROUP BY key, run ORDER BY key",
        [listed],
    ).fetchall()
    loss = connection.execute(
        "SELECT step, value FROM read_parquet($1, union_by_name = true) WHERE key = 'loss' ORDER BY step, timestamp",
        [listed],
    ).fetchall()
    metadata = [pyarrow.parquet.read_metadata(path, filesystem=s3) for path in paths]
    return {
        "pandas": rows(frame),
        "columns": sorted(frame.columns),
        "models": sorted({model for model in frame.get("model", []) if isinstance(model, str)}),
        "counts": [list(count) for count in counts],
        "loss": [[step, bits(value)] for step, value in loss],
        "run_ids": sorted({item.metadata[b"run_id"].decode() for item in metadata}),
        "formats": sorted({item.metadata[b"tidemark.format"].decode() for item in metadata}),
        "created_by": sorted({item.created_by for item in metadata}),
        "groups": sum(item.num_row_groups for item in metadata),
        "key_bounds": [
            [column.statistics.min, column.statistics.max]
            for item in metadata
            for column in (item.row_group(group).column(0) for group in range(item.num_row_groups))
            # Segments have one group each, and do not say what is in it.
            if column.statistics is not None
        ],
    }


def write():
    """A segment that Python has written, with all that pyarrow does by itself: dictionaries, old pages, columns that may lack values."""
    columns = {
        "key": ["accuracy"] * 3 + ["loss"] * 2_000,
        "step": list(range(3)) + list(range(2_000)),
        "timestamp": [1_700_000_000_000 + i for i in range(2_003)],
        # Not through pandas, which takes NaN for a value that is missing.
        "value": [0.5, float("nan"), -0.0] + [1 / (i + 1) for i in range(2_000)],
        "model": ["m-1", None, "m-2"] + [None] * 2_000,
    }
    run_id = runs.split("run=")[1]
    for number, options in enumerate(
        [{}, {"data_page_version": "2.0", "use_dictionary": False}, {"compression": "none", "row_group_size": 100}], 1
    ):
        table = pyarrow.table(columns, metadata={"tidemark.format": "1", "run_id": run_id})
        path = f"{bucket}/{runs}/seg/python{number}/{1:08d}-0-1999-{table.num_rows}.parquet"
        put(table, path, options)
    return True


def put(table, path, options, tries=3):
    """versitygw cannot parse a request of pyarrow's once in a while."""
    try:
        pyarrow.parquet.write_table(table, path, filesystem=s3, **options)
    except OSError as error:
        if tries == 1 or "HTTP status 400" not in str(error):
            raise
        put(table, path, options, tries - 1)


print(json.dumps({"read": read, "write": write}[step]()))
