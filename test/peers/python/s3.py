"""What Python sees in a bucket that tidemark writes, and the reverse. Prints JSON."""

import hashlib
import json
import mimetypes
import os
import sys

import boto3

endpoint, bucket, step = os.environ["MLFLOW_S3_ENDPOINT_URL"], sys.argv[1], sys.argv[2]
s3 = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")


def digest(data):
    return hashlib.sha256(data).hexdigest()


def objects(prefix):
    """Every object, with what boto3 checks while it reads them."""
    found = {}
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for item in page.get("Contents", []):
            body = s3.get_object(Bucket=bucket, Key=item["Key"], ChecksumMode="ENABLED")
            found[item["Key"]] = {
                "sha256": digest(body["Body"].read()),
                "type": body.get("ContentType"),
                "encoding": body.get("ContentEncoding"),
            }
    return found


def write(prefix):
    """A small file, an empty one, a directory's mark, and a large one in parts."""
    large = os.urandom(20 * 2**20)
    s3.put_object(Bucket=bucket, Key=f"{prefix}/a b/ü +名.txt", Body="Grüße".encode())
    s3.put_object(Bucket=bucket, Key=f"{prefix}/a b/", Body=b"")
    s3.put_object(Bucket=bucket, Key=f"{prefix}/empty", Body=b"")
    with open("large.bin", "wb") as file:
        file.write(large)
    s3.upload_file("large.bin", bucket, f"{prefix}/large.bin")
    return digest(large)


def download(uri):
    """What MLflow's own client downloads of a directory of artifacts."""
    import mlflow.artifacts

    root = mlflow.artifacts.download_artifacts(artifact_uri=uri)
    found = {}
    for folder, _, names in os.walk(root):
        for name in names:
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                found[os.path.relpath(path, root)] = digest(file.read())
    return found


def listed(uri):
    """As MLflow lists it."""
    from mlflow.store.artifact.s3_artifact_repo import S3ArtifactRepository

    repository = S3ArtifactRepository(uri)
    return [[info.path, info.is_dir, info.file_size] for info in repository.list_artifacts()]


def types(names):
    """What `mimetypes` says without the files of the system."""
    mime = mimetypes.MimeTypes()
    return [mime.guess_type(name) for name in json.loads(names)]


actions = {"objects": objects, "write": write, "download": download, "listed": listed, "types": types}
print(json.dumps(actions[step](sys.argv[3])))
