import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { s3Artifacts } from "../../../src/s3/index.ts";
import type { S3Options } from "../../../src/s3/s3-options.ts";
import { temporaryDirectory } from "../../support/mlruns.ts";
import { type Answer, AT_ONCE, cut, say, scriptedServer } from "../../support/scripted-http.ts";
import { clearAwsEnvironment } from "./environment.ts";

beforeEach(() => {
  clearAwsEnvironment();
  vi.stubEnv("TIDEMARK_LOG", "silent");
});

const MIB = 2 ** 20;

async function start(options: S3Options, ...answers: readonly Answer[]) {
  const { url, received } = await scriptedServer(...answers);
  const credentials = { accessKeyId: "id", secretAccessKey: "secret" };
  return { store: s3Artifacts("s3://models/p", { endpoint: url, credentials, ...options }), received };
}

/** Serves an object whole and by ranges, as S3 does. */
function serve(bytes: Buffer, headers: Readonly<Record<string, string>> = {}): Answer {
  return (request, response) => {
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
    const etag = { etag: '"e"', ...headers };
    if (from === undefined) {
      response.writeHead(200, { ...etag, "content-length": String(bytes.length) }).end(bytes);
      return;
    }
    const part = bytes.subarray(Number(from), Number(to) + 1);
    const range = `bytes ${from}-${to}/${bytes.length}`;
    response.writeHead(206, { ...etag, "content-length": String(part.length), "content-range": range }).end(part);
  };
}

/** The first half of the bytes, and then nothing. */
const half =
  (bytes: Buffer): Answer =>
  (_, response) => {
    response.writeHead(200, { etag: '"e"', "content-length": String(bytes.length) });
    response.write(bytes.subarray(0, bytes.length >> 1), () => response.destroy());
  };

const CHANGED = say(412, "<Error><Code>PreconditionFailed</Code></Error>");

describe("a download", () => {
  const bytes = Buffer.from("0123456789".repeat(1_000));

  it("that is cut goes on where it was cut, if the object is still the same", async () => {
    const { store, received } = await start({}, half(bytes), serve(bytes));
    let told = 0;
    expect(Buffer.from(await store.read("a", { onBytes: (count) => (told += count) })).equals(bytes)).toBe(true);
    expect(told).toBe(bytes.length);
    expect(received[1]?.headers).toMatchObject({ "if-match": '"e"' });
    expect(received[1]?.headers.range).toMatch(/^bytes=[1-9]\d*-9999$/);
  });

  it.each([
    ["has changed", CHANGED],
    ["is shorter by now", say(416, "<Error><Code>InvalidRange</Code></Error>")],
    ["comes whole where a part was asked for", serve(Buffer.from("x"))],
    [
      "comes in another part",
      say(206, "x", { etag: '"e"', "content-range": "bytes 1-1/10000", "content-length": "1" }),
    ],
  ])("is given up where the object %s", async (_what, answer) => {
    const directory = temporaryDirectory();
    const { store } = await start({}, half(bytes), answer);
    await expect(store.download("a", join(directory, "a"))).rejects.toMatchObject({ code: "DATA_DAMAGED" });
    expect(readdirSync(directory)).toEqual([]);
  });

  it("is compared with the checksum that was kept", async () => {
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc32(bytes));
    const good = await start({}, serve(bytes, { "x-amz-checksum-crc32": sum.toString("base64") }));
    expect((await good.store.read("a")).length).toBe(bytes.length);
    const bad = await start({}, serve(bytes, { "x-amz-checksum-crc32": "AAAAAA==" }));
    await expect(bad.store.read("a")).rejects.toMatchObject({
      code: "DATA_DAMAGED",
      message: expect.stringContaining("s3://models/p/a"),
    });
    const composite = await start({}, serve(bytes, { "x-amz-checksum-crc32": "AAAAAA==-2" }));
    expect((await composite.store.read("a")).length).toBe(bytes.length);
    const sha = await start({}, serve(bytes, { "x-amz-checksum-sha256": "AAAA" }));
    await expect(sha.store.read("a")).rejects.toMatchObject({ code: "DATA_DAMAGED" });
  });

  it("without a size is refused", async () => {
    const { store } = await start({}, (_, response) => void response.writeHead(200, { etag: '"e"' }).end("x"));
    await expect(store.read("a")).rejects.toMatchObject({ code: "DATA_DAMAGED" });
  });

  it("of a large object comes in parts of one ETag, each of which goes on by itself", async () => {
    const large = Buffer.alloc(20 * MIB, "tidemark ");
    const { store, received } = await start({}, serve(large), cut, serve(large));
    const directory = temporaryDirectory();
    await store.download("a", join(directory, "a"));
    expect(readFileSync(join(directory, "a")).equals(large)).toBe(true);
    const ranges = received.slice(1).map(({ headers }) => headers.range);
    expect(new Set(ranges)).toEqual(new Set([`bytes=${8 * MIB}-${16 * MIB - 1}`, `bytes=${16 * MIB}-${20 * MIB - 1}`]));
    expect(received.slice(1).every(({ headers }) => headers["if-match"] === '"e"')).toBe(true);
  });

  it("of a large object that changes in its middle leaves nothing", async () => {
    const large = Buffer.alloc(20 * MIB, "tidemark ");
    const { store } = await start({}, serve(large), CHANGED);
    const directory = temporaryDirectory();
    await expect(store.download("a", join(directory, "a"))).rejects.toMatchObject({ code: "DATA_DAMAGED" });
    expect(readdirSync(directory)).toEqual([]);
  });

  it("into a directory that is not there says so", async () => {
    const { store } = await start({}, serve(bytes));
    const place = join(temporaryDirectory(), "none", "a");
    await expect(store.download("a", place)).rejects.toMatchObject({ code: "STORAGE_ERROR" });
    expect(existsSync(place)).toBe(false);
  });

  it("from a bucket that is missing is not taken for a missing artifact", async () => {
    const { store } = await start({}, say(404, "<Error><Code>NoSuchBucket</Code></Error>"));
    await expect(store.read("a")).rejects.toMatchObject({ message: expect.stringContaining('no bucket "models"') });
  });
});

describe("an upload", () => {
  const begun = say(200, "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>");
  const part: Answer = (_, response) => void response.writeHead(200, { etag: '"x"' }).end();

  it("has the type that its name says", async () => {
    const { store, received } = await start({}, part);
    await store.write("data.csv.gz", new Uint8Array([1]));
    expect(received[0]?.headers).toMatchObject({ "content-type": "text/csv", "content-encoding": "gzip" });
  });

  it("says of an object what is to be said of all, whole or in parts", async () => {
    const file = join(temporaryDirectory(), "a.json");
    writeFileSync(file, Buffer.alloc(17 * MIB));
    const done = say(200, "<CompleteMultipartUploadResult><ETag>e</ETag></CompleteMultipartUploadResult>");
    const uploadHeaders = { "x-amz-server-side-encryption": "AES256", "content-type": "text/x-own" };
    const { store, received } = await start({ uploadHeaders }, part, begun, part, part, part, done);
    await store.write("b.json", new Uint8Array(1));
    await store.upload(file, "a.json");
    const [whole, create, first] = received.map(({ headers }) => headers);
    for (const headers of [whole, create]) expect(headers).toMatchObject(uploadHeaders);
    expect(first?.["x-amz-server-side-encryption"]).toBeUndefined();
  });

  it("in parts that fails throws its parts away", async () => {
    const file = join(temporaryDirectory(), "a");
    writeFileSync(file, Buffer.alloc(17 * MIB));
    const denied = say(403, "<Error><Code>AccessDenied</Code></Error>");
    const { store, received } = await start({}, begun, denied, denied, denied, say(204));
    await expect(store.upload(file, "a")).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
    expect(received.at(-1)).toMatchObject({ method: "DELETE", url: "/models/p/a?uploadId=u" });
  });

  it("of a file that changes meanwhile is not completed", async () => {
    const file = join(temporaryDirectory(), "a");
    writeFileSync(file, Buffer.alloc(17 * MIB));
    const change: Answer = (_, response) => {
      writeFileSync(file, Buffer.alloc(18 * MIB));
      response.writeHead(200, { etag: '"x"' }).end();
    };
    const { store, received } = await start({}, begun, part, part, change, say(204));
    await expect(store.upload(file, "a")).rejects.toMatchObject({ code: "STORAGE_ERROR" });
    expect(received.map(({ method }) => method)).toEqual(["POST", "PUT", "PUT", "PUT", "DELETE"]);
  });

  it.each([
    ["is found to be there", true],
    ["fails where another is there", false],
  ])("whose completion was lost %s", async (_how, isOurs) => {
    const file = join(temporaryDirectory(), "a");
    writeFileSync(file, Buffer.alloc(17 * MIB));
    const sum = "0123456789abcdef0123456789abcdef";
    const tagged = say(200, "", { etag: `"${sum}"` });
    const gone = say(404, "<Error><Code>NoSuchUpload</Code></Error>");
    const sums = createHash("md5")
      .update(Buffer.from(sum.repeat(3), "hex"))
      .digest("hex");
    const there = say(200, "", { etag: `"${isOurs ? sums : sum}-3"` });
    const { store, received } = await start({}, begun, tagged, tagged, tagged, gone, there, say(204));
    const upload = store.upload(file, "a");
    if (isOurs) await upload;
    else await expect(upload).rejects.toMatchObject({ code: "RESOURCE_DOES_NOT_EXIST" });
    expect(received.at(-1)?.method).toBe(isOurs ? "HEAD" : "DELETE");
  });
});

describe("a list of artifacts", () => {
  const listed = (inner: string) => say(200, `<ListBucketResult>${inner}</ListBucketResult>`);
  const file = (key: string, size = 1) => `<Contents><Key>${key}</Key><Size>${size}</Size></Contents>`;
  const directory = (prefix: string) => `<CommonPrefixes><Prefix>${prefix}</Prefix></CommonPrefixes>`;

  it("has files and directories, without the marks that tools leave", async () => {
    const { store, received } = await start({}, listed(file("p/d/", 0) + file("p/d/b") + directory("p/d/a/")));
    expect(await store.list("d")).toEqual([
      { path: "d/a", isDirectory: true },
      { path: "d/b", isDirectory: false, sizeBytes: 1 },
    ]);
    expect(received[0]?.url).toBe("/models?delimiter=%2F&encoding-type=url&list-type=2&prefix=p%2Fd%2F");
  });

  it.each([
    ["a step upwards", directory("p/../")],
    ["a backslash", file("p/a\\b")],
    ["an empty name", directory("p//")],
    ["a directory's mark with bytes", file("p/", 5)],
    ["another place", file("q/a")],
    ["a name below a directory", file("p/a/b")],
  ])("is refused with %s", async (_what, inner) => {
    const { store } = await start({}, listed(inner));
    await expect(store.list()).rejects.toMatchObject({ code: "DATA_DAMAGED" });
  });
});

describe("a deletion", () => {
  const listed = say(200, "<ListBucketResult><Contents><Key>p/d/a</Key><Size>1</Size></Contents></ListBucketResult>");
  const missing = say(404);

  it("goes one by one where the storage does not take many at once", async () => {
    const { store, received } = await start(
      {},
      missing,
      listed,
      say(501, "<Error><Code>NotImplemented</Code></Error>"),
      say(204),
    );
    await store.delete("d");
    expect(received.map(({ method, url }) => `${method} ${url.replace(/\?.*/, "")}`)).toEqual([
      "HEAD /models/p/d",
      "GET /models",
      "POST /models",
      "DELETE /models/p/d/a",
    ]);
  });

  it("says what could not be deleted", async () => {
    const kept = say(
      200,
      "<DeleteResult><Error><Key>p/d/a</Key><Code>AccessDenied</Code></Error></DeleteResult>",
      AT_ONCE,
    );
    const { store } = await start({}, missing, listed, kept);
    await expect(store.delete("d")).rejects.toMatchObject({
      code: "PERMISSION_DENIED",
      message: expect.stringContaining("s3://models/p/d/a"),
    });
  });
});

describe("options", () => {
  it.each([
    [{ endpoint: "ftp://x" }],
    [{ region: "a/b" }],
    [{ credentials: { accessKeyId: "a" } }],
    [{ credentials: "nobody" }],
    [{ checksum: "crc" }],
    [{ bucket: "b" }],
    [{ credentials: { accessKeyId: "a", secretAccessKey: "" } }],
    [{ uploadHeaders: { "X-Amz-Acl": "private" } }],
    [{ uploadHeaders: { "x-amz-acl": "a\r\nb" } }],
  ])("like %o are refused", (options) => {
    expect(() => s3Artifacts("s3://models", options as never)).toThrow(
      expect.objectContaining({ code: "INVALID_PARAMETER_VALUE" }),
    );
  });

  it("show no secret when they are refused", () => {
    for (const credentials of ["id:very-secret", { accessKeyId: 5, secretAccessKey: "very-secret" }]) {
      let message = "";
      try {
        s3Artifacts("s3://models", { credentials: credentials as never });
      } catch (error) {
        message = String(error);
      }
      expect(message).toContain("options.credentials");
      expect(message).not.toContain("very-secret");
    }
  });

  it("take keys as a provider of the SDK answers them", () => {
    const credentials = { accessKeyId: "a", secretAccessKey: "b", expiration: new Date(), accountId: "1" };
    expect(s3Artifacts("s3://models", { credentials }).uri).toBe("s3://models");
  });
});
