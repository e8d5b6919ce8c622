import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import type { Batch } from "../../../src/contract/batch.ts";
import type { AsyncMetricSink } from "../../../src/contract/metric-sink.ts";
import { type HttpBackendOptions, httpBackend } from "../../../src/http/index.ts";
import { batchOf } from "../../contract/batches.ts";
import { temporaryDirectory } from "../../support/mlruns.ts";
import { type Answer, AT_ONCE, cut, refuse, say, scriptedServer } from "../../support/scripted-http.ts";

/** The environment of whoever runs the tests must not decide them. */
beforeEach(() => {
  for (const name of ["USERNAME", "PASSWORD", "TOKEN"]) vi.stubEnv(`MLFLOW_TRACKING_${name}`, "");
  vi.stubEnv("HOME", temporaryDirectory());
  vi.stubEnv("TIDEMARK_LOG", "silent");
  onTestFinished(() => void vi.unstubAllEnvs());
});

const RUN_ID = "a".repeat(32);
const RUN = say(200, { run: { info: { run_id: RUN_ID, experiment_id: "0" } } });

async function start(options: Partial<HttpBackendOptions>, ...answers: readonly Answer[]) {
  const { url, received } = await scriptedServer(...answers);
  const backend = httpBackend({ url, ...options });
  onTestFinished(() => backend.close());
  return { backend, received, url };
}

describe("a call", () => {
  it("sends JSON with its length, and reads what MLflow leaves out", async () => {
    const { backend, received } = await start({}, RUN);
    expect(await backend.tracking.createRun({ experimentId: "0", name: "名前" })).toMatchObject({
      id: RUN_ID,
      params: {},
      latestMetrics: [],
      inputs: [],
    });
    const [request] = received;
    expect(request?.headers["content-length"]).toBe(String(Buffer.byteLength(request?.body ?? "")));
    expect(request?.headers["transfer-encoding"]).toBeUndefined();
    expect(JSON.parse(request?.body ?? "")).toMatchObject({ run_name: "名前" });
  });

  it("that reads is repeated after trouble", async () => {
    const trouble = [
      cut,
      say(502, "<html>bad gateway</html>", AT_ONCE),
      refuse(429, "REQUEST_LIMIT_EXCEEDED", "", AT_ONCE),
    ];
    const { backend, received } = await start({}, ...trouble, RUN);
    expect((await backend.tracking.getRun(RUN_ID)).id).toBe(RUN_ID);
    expect(received).toHaveLength(4);
  });

  it("for which the server has no connection to its database left is repeated, though the answer blames the request", async () => {
    const words =
      "QueuePool limit of size 5 overflow 10 reached, connection timed out, timeout 30.00 (Background on …)";
    const { backend, received } = await start({}, refuse(400, "BAD_REQUEST", words, AT_ONCE), RUN);
    expect((await backend.tracking.getRun(RUN_ID)).id).toBe(RUN_ID);
    expect(received).toHaveLength(2);
  });

  it("that would happen twice is repeated only where it cannot have happened", async () => {
    const lost = await start({}, cut, RUN);
    await expect(lost.backend.tracking.createRun({ experimentId: "0" })).rejects.toMatchObject({
      code: "TEMPORARILY_UNAVAILABLE",
    });
    expect(lost.received).toHaveLength(1);
    const busy = await start({}, refuse(429, "REQUEST_LIMIT_EXCEEDED", "", AT_ONCE), RUN);
    await busy.backend.tracking.createRun({ experimentId: "0" });
    expect(busy.received).toHaveLength(2);
  });

  it("that deletes is done when a repeat finds nothing left", async () => {
    const gone = refuse(404, "RESOURCE_DOES_NOT_EXIST");
    const { backend } = await start({}, cut, gone);
    await backend.registry?.deleteModel("digits");
    const never = await start({}, gone);
    await expect(never.backend.registry?.deleteModel("digits")).rejects.toMatchObject({
      code: "RESOURCE_DOES_NOT_EXIST",
    });
  });

  it("gives up after the retries it may have", async () => {
    const { backend, received } = await start({ maxRetries: 2 }, say(503, "", AT_ONCE));
    await expect(backend.tracking.getRun(RUN_ID)).rejects.toMatchObject({ code: "TEMPORARILY_UNAVAILABLE" });
    expect(received).toHaveLength(3);
  });

  it.each<[string, Answer, string]>([
    ["an error of MLflow's", refuse(400, "RESOURCE_ALREADY_EXISTS"), "RESOURCE_ALREADY_EXISTS"],
    [
      "a run that is deleted",
      refuse(400, "INVALID_PARAMETER_VALUE", "The run a must be in the 'active' state."),
      "INVALID_STATE",
    ],
    ["no permission", refuse(403, "PERMISSION_DENIED"), "PERMISSION_DENIED"],
    ["a page of another program", say(404, "<html>"), "NOT_IMPLEMENTED"],
    ["another address", say(301, "", { location: "https://elsewhere" }), "INVALID_PARAMETER_VALUE"],
    ["a page where JSON should be", say(200, "<html>welcome</html>"), "DATA_DAMAGED"],
    ["JSON of another shape", say(200, { run: { info: { run_id: 5 } } }), "DATA_DAMAGED"],
  ])("says what %s means", async (_what, answer, code) => {
    const { backend } = await start({}, answer);
    await expect(backend.tracking.getRun(RUN_ID)).rejects.toMatchObject({ code });
  });
});

describe("who is asking", () => {
  const authorizationOf = async (options: Partial<HttpBackendOptions>) => {
    const { backend, received } = await start(options, RUN);
    await backend.tracking.getRun(RUN_ID);
    return received[0]?.headers.authorization;
  };
  const basic = (pair: string) => `Basic ${Buffer.from(pair).toString("base64")}`;

  it("is said by options before the environment, and a password before a token", async () => {
    expect(await authorizationOf({})).toBeUndefined();
    vi.stubEnv("MLFLOW_TRACKING_TOKEN", "t0ken");
    expect(await authorizationOf({})).toBe("Bearer t0ken");
    vi.stubEnv("MLFLOW_TRACKING_USERNAME", "ann");
    vi.stubEnv("MLFLOW_TRACKING_PASSWORD", "secret");
    expect(await authorizationOf({})).toBe(basic("ann:secret"));
    expect(await authorizationOf({ token: "mine" })).toBe("Bearer mine");
    expect(await authorizationOf({ username: "bob", password: "pässword" })).toBe(basic("bob:pässword"));
  });

  it("is asked again once when a token has run out", async () => {
    const tokens = ["old", "new"];
    const { backend, received } = await start({ token: async () => tokens.shift() ?? "none" }, say(401, ""), RUN);
    await backend.tracking.getRun(RUN_ID);
    expect(received.map(({ headers }) => headers.authorization)).toEqual(["Bearer old", "Bearer new"]);
  });

  it("is asked again once, however many requests the token has run out for", async () => {
    const tokens = ["old", "new"];
    const answer: Answer = (request, response) =>
      request.headers.authorization === "Bearer new" ? RUN(request, response) : say(401, "")(request, response);
    const { backend } = await start({ token: async () => tokens.shift() ?? "none" }, answer);
    const runs = await Promise.all(Array.from({ length: 8 }, () => backend.tracking.getRun(RUN_ID)));
    expect(runs.map(({ id }) => id)).toEqual(Array(8).fill(RUN_ID));
  });

  it("is in no message", async () => {
    const { url } = await scriptedServer(refuse(401, "UNAUTHENTICATED", "who?"));
    const backend = httpBackend({ url: url.replace("//", "//ann:s3cret@") });
    onTestFinished(() => backend.close());
    const error = await backend.tracking.getRun(RUN_ID).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "UNAUTHENTICATED" });
    expect(`${(error as Error).stack} ${JSON.stringify(error)} ${backend.uri}`).not.toContain("s3cret");
  });
});

describe("a server with a certificate of its own", () => {
  async function startTls(directory: string): Promise<string> {
    const [key, cert] = [join(directory, "key.pem"), join(directory, "cert.pem")];
    const names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
    const output = ["-keyout", key, "-out", cert, "-days", "2"];
    execFileSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", ...names, ...output], {
      stdio: "ignore",
    });
    const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_, response) => {
      response.end(JSON.stringify({ run: { info: { run_id: RUN_ID, experiment_id: "0" } } }));
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    onTestFinished(() => void server.close());
    return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  it("is trusted by its certificate, or by nobody, or by who asks for it", async () => {
    const directory = temporaryDirectory();
    const url = await startTls(directory);
    const read = async (tls: HttpBackendOptions["tls"]) => {
      const backend = httpBackend({ url, ...(tls === undefined ? {} : { tls }) });
      onTestFinished(() => backend.close());
      return (await backend.tracking.getRun(RUN_ID)).id;
    };
    await expect(read(undefined)).rejects.toMatchObject({
      message: expect.stringContaining("certificate is not trusted"),
    });
    expect(await read({ caFile: join(directory, "cert.pem") })).toBe(RUN_ID);
    expect(await read({ isInsecure: true })).toBe(RUN_ID);
    expect(() => httpBackend({ url, tls: { caFile: join(directory, "none.pem") } })).toThrow("tls.caFile");
  });
});

describe("a sink", () => {
  const points = (count: number) =>
    Array.from({ length: count }, (_, step) => ({ key: "loss", value: 1 / (step + 1), step, timestamp: 1_000 + step }));
  const write = async (batch: Batch, ...answers: readonly Answer[]) => {
    const { backend, received } = await start({}, RUN, ...answers);
    const sink = (await backend.tracking.openSink(RUN_ID)) as AsyncMetricSink;
    const outcome = await sink.write(batch, new AbortController().signal);
    return { outcome, bodies: received.slice(1).map(({ body }) => JSON.parse(body === "" ? "{}" : body)) };
  };

  it("keeps to MLflow's limits, sends params and tags first, and every value once and exactly", async () => {
    const odd = [Number.NaN, Infinity, -Infinity, -0, 5e-324, 1e21, 0.1];
    const all = [...points(2_500), ...odd.map((value, step) => ({ key: "名前", value, step, timestamp: 5 }))];
    const params = Array.from({ length: 150 }, (_, i) => ({ key: `p${i}`, value: "x".repeat(6_000) }));
    const { outcome, bodies } = await write(
      batchOf({ points: all, params, tags: [{ key: "t", value: "é" }] }),
      say(200),
    );
    expect(outcome).toEqual({ status: "ok" });
    for (const { metrics, params, tags } of bodies) {
      expect(metrics.length + params.length + tags.length).toBeLessThanOrEqual(1_000);
      expect(params.length).toBeLessThanOrEqual(100);
    }
    const sent = bodies.flatMap(({ metrics }) => metrics);
    expect(sent.map(({ value }: { value: unknown }) => value)).toEqual([
      ...points(2_500).map(({ value }) => value),
      "NaN",
      "Infinity",
      "-Infinity",
      -0,
      5e-324,
      1e21,
      0.1,
    ]);
    expect(bodies.flatMap((body) => body.params)).toEqual(params);
    const firstMetrics = bodies.findIndex(({ metrics }) => metrics.length > 0);
    expect(bodies.slice(firstMetrics + 1).every((body) => body.params.length === 0)).toBe(true);
  });

  it("never sends a key twice in one request", async () => {
    const twice = [
      { key: "lr", value: "1" },
      { key: "lr", value: "1" },
    ];
    const { bodies } = await write(batchOf({ params: twice }), say(200));
    expect(bodies.map(({ params }) => params.length)).toEqual([1, 1]);
  });

  it("tells how far it came", async () => {
    const busy = refuse(503, "TEMPORARILY_UNAVAILABLE", "later", { "retry-after": "7" });
    const { outcome } = await write(batchOf({ points: points(2_500) }), say(200), busy);
    expect(outcome).toMatchObject({ status: "retryable", retryAfterMs: 7_000 });
    expect(outcome.status === "retryable" && outcome.accepted?.metrics.length).toBe(1_000);
  });

  it("keeps what it may not write now, and gives up what the run can never take", async () => {
    const batch = batchOf({ points: points(3) });
    for (const status of [401, 403]) expect((await write(batch, say(status, ""))).outcome.status).toBe("retryable");
    const { outcome } = await write(batch, refuse(404, "RESOURCE_DOES_NOT_EXIST"));
    expect(outcome).toMatchObject({ status: "permanent", rejected: { metrics: [0, 1, 2] } });
  });
});

describe("artifacts", () => {
  const URI = "mlflow-artifacts:/0/run/artifacts";
  const CONTENT = "0123456789".repeat(1_000);
  const range = ({ headers }: { headers: { range?: string } }) =>
    Number(/bytes=(\d+)-/.exec(headers.range ?? "")?.[1] ?? 0);
  /** Announces all of it, and breaks in the middle. */
  const half: Answer = (_, response) => {
    response.writeHead(200, { "content-length": CONTENT.length, etag: '"1"' });
    response.write(CONTENT.slice(0, 4_000), () => setTimeout(() => response.destroy(), 50));
  };
  const rest: Answer = (request, response) => {
    const from = range(request as never);
    const headers = { "content-length": CONTENT.length - from, etag: '"1"' };
    response.writeHead(206, headers).end(CONTENT.slice(from));
  };

  it.each<[string, Answer]>([
    ["where it broke", rest],
    ["from the start where the server sends everything", say(200, CONTENT, { etag: '"1"' })],
  ])("that break on the way down go on %s", async (_what, second) => {
    const { backend, received } = await start({}, half, second);
    const directory = temporaryDirectory();
    let told = 0;
    await backend
      .artifacts(URI)
      .download("a b/ü.txt", join(directory, "file"), { onBytes: (count) => (told += count) });
    expect(readFileSync(join(directory, "file"), "utf8")).toBe(CONTENT);
    expect(told).toBe(CONTENT.length);
    expect(received[1]?.headers).toMatchObject({ range: "bytes=4000-", "if-range": '"1"' });
    expect(received[0]?.url).toBe("/api/2.0/mlflow-artifacts/artifacts/0/run/artifacts/a%20b/%C3%BC.txt");
  });

  it("that have changed meanwhile are damaged, and leave nothing", async () => {
    const { backend } = await start({}, half, say(200, "x".repeat(CONTENT.length), { etag: '"2"' }));
    const directory = temporaryDirectory();
    const download = backend.artifacts(URI).download("a", join(directory, "file"));
    await expect(download).rejects.toMatchObject({ code: "DATA_DAMAGED" });
    expect(readdirSync(directory)).toEqual([]);
  });

  it("that break on the way up are sent again, whole", async () => {
    const { backend, received } = await start({}, cut, say(200));
    await backend.artifacts(URI).write("a", new TextEncoder().encode(CONTENT));
    expect(received.map(({ body }) => body)).toEqual([CONTENT, CONTENT]);
    expect(received[1]?.headers["content-length"]).toBe(String(CONTENT.length));
  });

  it.each(["../x", "a/b", "..", "", "C:x", "a\\b"])("listed as %j are refused", async (path) => {
    const { backend } = await start({}, say(200, { files: [{ path }] }));
    await expect(backend.artifacts(URI).list()).rejects.toMatchObject({ code: "DATA_DAMAGED" });
  });

  it("of names that the server would change are refused", async () => {
    const { backend, received } = await start({}, say(200));
    for (const path of ["a#b", "a%20b"]) {
      await expect(backend.artifacts(URI).write(path, new Uint8Array())).rejects.toMatchObject({
        code: "INVALID_PARAMETER_VALUE",
      });
    }
    expect(received).toEqual([]);
    expect(() => backend.artifacts("mlflow-artifacts:/0/../../etc")).toThrow("leaves the server's artifacts");
  });

  it("at a host that a location names are asked for without our secrets", async () => {
    const { url, received } = await scriptedServer(say(200, {}));
    const options = { url, token: "secret", headers: { "x-team": "vision" } };
    const backend = httpBackend(options);
    onTestFinished(() => backend.close());
    const elsewhere = new URL(url);
    elsewhere.hostname = "localhost";
    await backend.artifacts(`mlflow-artifacts://${elsewhere.host}/0/a`).list();
    await backend.artifacts("mlflow-artifacts:/0/a").list();
    const [stranger, own] = received.map(({ headers }) => headers);
    expect([stranger?.authorization, stranger?.["x-team"]]).toEqual([undefined, undefined]);
    expect([own?.authorization, own?.["x-team"]]).toEqual(["Bearer secret", "vision"]);
  });
});
