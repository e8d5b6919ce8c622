import { createHash } from "node:crypto";
import { readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { httpBackend } from "../../../src/http/index.ts";
import { temporaryDirectory } from "../../support/mlruns.ts";
import {
  type Answer,
  AT_ONCE,
  cut,
  type Received,
  refuse,
  say,
  scriptedServer,
  scriptedServerThatSays,
} from "../../support/scripted-http.ts";

// The shapes are those of MLflow 3.17 (`entities/multipart_upload.py`, `entities/presigned_download.py`) and, for a server that
// only signs, 3.18 (`store/artifact/http_artifact_repo.py`). test/peers/http-storage.test.ts does the same with a real server.

const URI = "mlflow-artifacts:/0/run/artifacts";
const SERVICE = "/api/2.0/mlflow-artifacts";
const SECRET = "s1gnature";
const PART_BYTES = 10;
const CONTENT = "0123456789abcdefghijABCDE";

beforeEach(() => {
  vi.stubEnv("TIDEMARK_LOG", "silent");
  vi.stubEnv("MLFLOW_WORKSPACE", "");
  vi.stubEnv("MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE", "20");
  vi.stubEnv("MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE", String(PART_BYTES));
  vi.stubEnv("MLFLOW_MULTIPART_DOWNLOAD_CHUNK_SIZE", String(PART_BYTES));
  onTestFinished(() => void vi.unstubAllEnvs());
});

const SIGNS = { multipart_uploads_enabled: true, multipart_downloads_enabled: true };
const ONLY_SIGNS = { ...SIGNS, artifacts_presigned_only: true };

interface Setting {
  readonly info?: object;
  /** What the storage does with the n-th request for one thing; else what a storage does. */
  readonly trouble?: ((request: Received, nth: number) => Answer | undefined) | undefined;
  /** What the server answers to a route instead of what it should. */
  readonly routes?: Readonly<Record<string, Answer>>;
  readonly maxRetries?: number;
}

/** A server that signs, and its storage, which holds CONTENT. */
async function start({ info = SIGNS, trouble = () => undefined, routes = {}, maxRetries = 3 }: Setting = {}) {
  const counts = new Map<string, number>();
  const storage = await scriptedServer((request, response) => {
    const key = `${request.url} ${request.headers.range}`;
    const nth = (counts.get(key) ?? 0) + 1;
    counts.set(key, nth);
    return (trouble(request, nth) ?? (request.method === "PUT" ? keep : hand))(request, response);
  });
  let signed = 0;
  const server = await scriptedServerThatSays(say(200, { ...info, workspaces_enabled: true }), (request, response) => {
    const [, service = ""] = /\/mlflow-artifacts\/(artifacts|presigned|mpu\/\w+)/.exec(request.url) ?? [];
    const url = (query: string) => `${storage.url}/bucket/key?${query}&sig=${SECRET}`;
    const create: Answer = (request, response) => {
      const { num_parts: count } = JSON.parse(request.body) as { num_parts: number };
      const credentials = Array.from({ length: count }, (_, at) => ({
        url: url(`partNumber=${at + 1}`),
        part_number: at + 1,
        headers: { "x-of-part": String(at + 1), host: "evil.example", "content-length": "5" },
      }));
      say(200, { upload_id: "upload", credentials: credentials.reverse() })(request, response);
    };
    const download: Answer = (request, response) =>
      say(200, { url: url(`n=${++signed}`), headers: { "x-of-download": "1" }, file_size: CONTENT.length })(
        request,
        response,
      );
    const proxied = request.method === "GET" ? say(200, CONTENT) : say(200, "");
    const usual: Readonly<Record<string, Answer>> = { "mpu/create": create, presigned: download, artifacts: proxied };
    return (routes[service] ?? usual[service] ?? say(200))(request, response);
  });
  const backend = httpBackend({
    url: server.url,
    token: "t0ken",
    workspace: "team",
    headers: { "x-mine": "1" },
    maxRetries,
  });
  onTestFinished(() => backend.close());
  const routesOf = () => server.received.map(({ method, url }) => `${method} ${url.replace(SERVICE, "")}`);
  return { store: backend.artifacts(URI), server, storage, routesOf };
}

const keep: Answer = (request, response) =>
  say(200, "", { etag: `"${/partNumber=(\d+)/.exec(request.url)?.[1]}"` })(request, response);

const hand: Answer = ({ headers }, response) => {
  const [, from, to] = /bytes=(\d+)-(\d*)/.exec(headers.range ?? "") ?? [];
  const body = CONTENT.slice(Number(from ?? 0), to === undefined || to === "" ? undefined : Number(to) + 1);
  response.writeHead(from === undefined ? 200 : 206, { etag: '"e"', "content-length": body.length }).end(body);
};

const bytes = (text: string) => new TextEncoder().encode(text);
const numberOf = ({ url }: Received) => Number(/partNumber=(\d+)/.exec(url)?.[1]);
const S3_DENIES: Answer = say(403, `<Error><Code>AccessDenied</Code><Url>?sig=${SECRET}</Url></Error>`);

const failureOf = async (attempt: Promise<unknown>) =>
  attempt.then(
    () => expect.fail("it should have failed"),
    (error: { code: string; message: string }) => error,
  );

describe("a large file on its way up", () => {
  it("goes to the storage in parts, with what was signed and nothing of the server's", async () => {
    const { store, server, storage, routesOf } = await start();
    let told = 0;
    await store.write("a b/ü.bin", bytes(CONTENT), { onBytes: (count) => (told += count) });
    expect(told).toBe(CONTENT.length);
    expect(routesOf()).toEqual(["POST /mpu/create/0/run/artifacts/a%20b", "POST /mpu/complete/0/run/artifacts/a%20b"]);
    expect(server.received.every(({ headers }) => headers.authorization === "Bearer t0ken")).toBe(true);
    expect(server.received.map(({ headers }) => headers["x-mlflow-workspace"])).toEqual(["team", "team"]);
    const [create, complete] = server.received.map(({ body }) => JSON.parse(body));
    expect(create).toEqual({ path: "ü.bin", num_parts: 3 });
    expect(complete).toMatchObject({ path: "ü.bin", upload_id: "upload" });
    expect(complete.parts.map(({ part_number, etag }: Record<string, unknown>) => [part_number, etag])).toEqual([
      [1, '"1"'],
      [2, '"2"'],
      [3, '"3"'],
    ]);
    expect(complete.parts[0].url).toContain("partNumber=1&sig=");
    const parts = storage.received.toSorted((a, b) => numberOf(a) - numberOf(b));
    expect(parts.map(({ body }) => body)).toEqual(["0123456789", "abcdefghij", "ABCDE"]);
    for (const [at, { headers }] of parts.entries()) {
      const { connection: _, host, ...rest } = headers;
      expect(rest).toEqual({ "x-of-part": String(at + 1), "content-length": at === 2 ? "5" : "10" });
      expect(storage.url).toContain(host);
    }
  });

  it("sends a part again that breaks, and only that", async () => {
    const failures = [cut, say(503, "", AT_ONCE)];
    const trouble: Setting["trouble"] = (request, nth) => (numberOf(request) === 2 ? failures[nth - 1] : undefined);
    const { store, storage, routesOf } = await start({ trouble });
    let told = 0;
    await store.write("a", bytes(CONTENT), { onBytes: (count) => (told += count) });
    expect(storage.received.map(numberOf).sort()).toEqual([1, 2, 2, 2, 3]);
    expect(told).toBe(CONTENT.length);
    expect(routesOf().at(-1)).toBe("POST /mpu/complete/0/run/artifacts");
  });

  it("is thrown away where a part is refused; the signature is in no message", async () => {
    const { store, server, routesOf } = await start({
      trouble: (request) => (numberOf(request) === 2 ? S3_DENIES : undefined),
    });
    const error = await failureOf(store.write("a", bytes(CONTENT)));
    expect(error).toMatchObject({ code: "PERMISSION_DENIED", message: expect.stringContaining("AccessDenied") });
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(SECRET);
    expect(routesOf().at(-1)).toBe("POST /mpu/abort/0/run/artifacts");
    expect(JSON.parse(server.received.at(-1)?.body ?? "")).toEqual({ path: "a", upload_id: "upload" });
    expect(routesOf()).not.toContain("POST /mpu/complete/0/run/artifacts");
  });

  it("is thrown away where it is stopped", async () => {
    const stop = new AbortController();
    const trouble = () => {
      stop.abort();
      return (() => {}) as Answer;
    };
    const { store, routesOf } = await start({ trouble });
    const error = await failureOf(store.write("a", bytes(CONTENT), { signal: stop.signal }));
    expect(error).toMatchObject({ code: "CANCELLED" });
    expect(routesOf()).toEqual(["POST /mpu/create/0/run/artifacts", "POST /mpu/abort/0/run/artifacts"]);
  });

  it("is thrown away where the file changes meanwhile", async () => {
    const file = join(temporaryDirectory(), "weights");
    writeFileSync(file, CONTENT);
    const trouble: Setting["trouble"] = () => {
      utimesSync(file, 1, 1);
      return undefined;
    };
    const { store, routesOf } = await start({ trouble });
    const error = await failureOf(store.upload(file, "a"));
    expect(error).toMatchObject({ code: "STORAGE_ERROR", message: expect.stringContaining("changed while") });
    expect(routesOf().at(-1)).toBe("POST /mpu/abort/0/run/artifacts");
  });

  it.each<[string, string, boolean]>([
    ["there", "", true],
    ["an older one of the same length", "z", false],
  ])("is done where only the answer was lost, and the file is %s", async (_what, changed, isDone) => {
    const md5 = (data: string | Buffer) => createHash("md5").update(data).digest();
    const sums = ["0123456789", "abcdefghij", "ABCDE"].map(md5);
    const etag = `"${md5(Buffer.concat(sums)).toString("hex")}-3${changed}"`;
    const trouble: Setting["trouble"] = ({ method, body }) =>
      say(200, method === "GET" ? CONTENT : "", {
        etag: method === "GET" ? etag : `"${md5(body).toString("hex")}"`,
      });
    const gone = refuse(500, "INTERNAL_ERROR", "NoSuchUpload");
    let tries = 0;
    const complete: Answer = (...exchange) => (tries++ === 0 ? cut : gone)(...exchange);
    const { store, routesOf } = await start({ trouble, routes: { "mpu/complete": complete }, maxRetries: 1 });
    const upload = store.write("a", bytes(CONTENT));
    if (isDone) await upload;
    else expect(await failureOf(upload)).toMatchObject({ code: "TEMPORARILY_UNAVAILABLE" });
    expect(routesOf().includes("POST /mpu/abort/0/run/artifacts")).toBe(!isDone);
    expect(tries).toBe(2);
  });

  it.each<[string, Answer]>([
    ["parts of another number", say(200, { upload_id: "upload", credentials: [] })],
    ["an address that is none", say(200, { credentials: [{ url: "file:///etc", part_number: 1 }] })],
    [
      "headers that hold others",
      say(200, { credentials: [{ url: "http://a", part_number: 1, headers: { a: "b\r\nc: d" } }] }),
    ],
  ])("is not sent where the server signs %s", async (_what, answer) => {
    const { store, storage } = await start({ routes: { "mpu/create": answer } });
    expect(await failureOf(store.write("a", bytes(CONTENT)))).toMatchObject({ code: "DATA_DAMAGED" });
    expect(storage.received).toEqual([]);
  });

  it("goes through the server where that cannot sign, and where it is small or told so", async () => {
    const cannot = await start({ routes: { "mpu/create": refuse(501, "NOT_IMPLEMENTED") } });
    await cannot.store.write("a", bytes(CONTENT));
    expect(cannot.routesOf()).toEqual(["POST /mpu/create/0/run/artifacts", "PUT /artifacts/0/run/artifacts/a"]);
    const small = await start();
    await small.store.write("a", bytes("small"));
    expect(small.routesOf()).toEqual(["PUT /artifacts/0/run/artifacts/a"]);
    vi.stubEnv("MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD", "false");
    const told = await start();
    await told.store.write("a", bytes(CONTENT));
    expect(told.routesOf()).toEqual(["PUT /artifacts/0/run/artifacts/a"]);
  });
});

describe("a file on its way down from a storage", () => {
  it.each(["download", "read"] as const)("comes whole and once by %s, by what was signed", async (way) => {
    const { store, server, storage, routesOf } = await start();
    const directory = temporaryDirectory();
    let told = 0;
    const control = { onBytes: (count: number) => (told += count) };
    if (way === "read") expect(Buffer.from(await store.read("a/ü", control)).toString()).toBe(CONTENT);
    else await store.download("a/ü", join(directory, "file"), control);
    if (way === "download") expect(readFileSync(join(directory, "file"), "utf8")).toBe(CONTENT);
    expect(told).toBe(CONTENT.length);
    expect(routesOf()).toEqual(["GET /presigned/0/run/artifacts/a/%C3%BC"]);
    expect(server.received[0]?.headers.authorization).toBe("Bearer t0ken");
    const ranges = storage.received.map(({ headers }) => headers.range);
    expect(ranges.sort()).toEqual(way === "read" ? [undefined] : ["bytes=0-9", "bytes=10-19", "bytes=20-24"]);
    for (const { headers } of storage.received) {
      const { connection: _, host: _host, range: _range, ...rest } = headers;
      expect(rest).toEqual({ "x-of-download": "1" });
    }
  });

  it("goes on where a part broke, and asks again for a signature that has run out", async () => {
    const half: Answer = (_, response) => {
      response.writeHead(206, { "content-length": 10, etag: '"e"' });
      response.write("abcd", () => setTimeout(() => response.destroy(), 20));
    };
    const trouble: Setting["trouble"] = ({ url, headers }, nth) => {
      if (headers.range === "bytes=10-19" && nth === 1) return half;
      return headers.range === "bytes=14-19" && url.includes("n=1") ? S3_DENIES : undefined;
    };
    const { store, storage, routesOf } = await start({ trouble });
    const directory = temporaryDirectory();
    let told = 0;
    await store.download("a", join(directory, "file"), { onBytes: (count) => (told += count) });
    expect(readFileSync(join(directory, "file"), "utf8")).toBe(CONTENT);
    expect(told).toBe(CONTENT.length);
    expect(routesOf()).toHaveLength(2);
    expect(storage.received.at(-1)?.headers).toMatchObject({ range: "bytes=14-19", "if-range": '"e"' });
  });

  it.each<[string, Setting["trouble"], string]>([
    [
      "is another one by its tag",
      ({ headers }) => (headers.range === "bytes=20-24" ? say(206, "ABCDE", { etag: '"f"' }) : undefined),
      "has changed",
    ],
    ["is longer than promised", () => say(206, "x".repeat(11)), "should have"],
    ["is shorter than promised", () => say(206, "x", { "content-length": "1" }), "should have"],
    ["comes from a storage that sends no parts", () => say(200, CONTENT), "does not send parts"],
  ])("is damaged, and leaves nothing, where it %s", async (_what, trouble, message) => {
    const { store } = await start({ trouble, maxRetries: 1 });
    const directory = temporaryDirectory();
    const error = await failureOf(store.download("a", join(directory, "file")));
    expect(error).toMatchObject({ code: "DATA_DAMAGED", message: expect.stringContaining(message) });
    expect(readdirSync(directory)).toEqual([]);
  });

  it("is missing where the server says so, and comes through the server where that signs none", async () => {
    const missing = await start({ routes: { presigned: refuse(404, "RESOURCE_DOES_NOT_EXIST") } });
    expect(await failureOf(missing.store.read("a"))).toMatchObject({ code: "RESOURCE_DOES_NOT_EXIST" });
    const proxied = await start({ routes: { presigned: refuse(501, "NOT_IMPLEMENTED") } });
    expect(Buffer.from(await proxied.store.read("a")).toString()).toBe(CONTENT);
    expect(proxied.storage.received).toEqual([]);
  });
});

describe("a server that only signs", () => {
  it("gets no bytes, of files of any size", async () => {
    const { store, storage, routesOf } = await start({ info: ONLY_SIGNS });
    vi.stubEnv("MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD", "false");
    await store.write("small", bytes("small"));
    await store.write("empty", bytes(""));
    await store.read("a");
    expect(storage.received.map(({ method, body }) => [method, body])).toEqual([
      ["PUT", "small"],
      ["PUT", ""],
      ["GET", ""],
    ]);
    expect(routesOf().filter((route) => / \/artifacts\//.test(route))).toEqual([]);
  });

  it("refuses what it cannot sign", async () => {
    const { store } = await start({
      info: ONLY_SIGNS,
      routes: { presigned: refuse(501, "NOT_IMPLEMENTED", "not here") },
    });
    expect(await failureOf(store.read("a"))).toMatchObject({ code: "NOT_IMPLEMENTED" });
  });
});
