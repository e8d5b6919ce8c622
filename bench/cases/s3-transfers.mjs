// One large file up and down again: tidemark's artifacts against the transfers of AWS's own packages.
import { createReadStream, createWriteStream } from "node:fs";
import { basename, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { DeleteObjectCommand, GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { measureTransfer } from "./measure-transfer.mjs";
import { scratchDirectory, variant } from "./support.mjs";

const [, , , , bundlePath, endpoint, file, smallFile] = process.argv;
const { S3Opener } = await import(bundlePath);
const directory = scratchDirectory();

const credentials = { accessKeyId: "testkey", secretAccessKey: "testsecret123" };
const Bucket = "bench";
const prefix = `transfers/${crypto.randomUUID()}`;

function tidemark() {
  const opener = new S3Opener({ endpoint, region: "us-east-1", credentials });
  const artifacts = opener.artifacts(`s3://${Bucket}/${prefix}`);
  return {
    upload: (path) => artifacts.upload(path, basename(path)),
    download: (path) => artifacts.download(basename(path), join(directory, basename(path))),
    remove: (path) => artifacts.delete(basename(path)),
  };
}

function libStorage() {
  const client = new S3Client({ endpoint, region: "us-east-1", credentials, forcePathStyle: true });
  const place = (path) => ({ Bucket, Key: `${prefix}/${basename(path)}` });
  return {
    upload: (path) => new Upload({ client, params: { ...place(path), Body: createReadStream(path) } }).done(),
    download: async (path) => {
      const { Body } = await client.send(new GetObjectCommand(place(path)));
      await pipeline(Body, createWriteStream(join(directory, basename(path))));
    },
    remove: (path) => client.send(new DeleteObjectCommand(place(path))),
  };
}

const transfer = { tidemark, libStorage }[variant]();
await measureTransfer(transfer, { file, smallFile, directory });
process.exit();
