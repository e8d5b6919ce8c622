import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { type Client, connect, startRun } from "../../src/index.ts";
import { type MlflowServer, startMlflowServer } from "../support/mlflow-server.ts";
import { temporaryDirectory } from "../support/mlruns.ts";
import { leftOut } from "../support/peers.ts";
import { repository } from "../support/repository.ts";
import { warnings } from "../support/warnings.ts";

const ADMIN = { username: "admin", password: "pass word of admin" };
// MLflow 3.17 takes no password with "ä" where artifacts are, though it does elsewhere.
const ANN = { username: "ann", password: "password of ann" };
const BOB = { username: "bob", password: "password:of/bob@" };

/** The environment of whoever runs the tests must not decide them. */
beforeEach(() => {
  for (const name of ["USERNAME", "PASSWORD", "TOKEN"]) vi.stubEnv(`MLFLOW_TRACKING_${name}`, "");
  vi.stubEnv("HOME", temporaryDirectory());
  onTestFinished(() => void vi.unstubAllEnvs());
});

async function startServer(env: Readonly<Record<string, string>> = {}): Promise<MlflowServer> {
  const server = await startMlflowServer({
    args: ["--app-name", "basic-auth"],
    env: { MLFLOW_FLASK_SERVER_SECRET_KEY: "not a secret", MLFLOW_AUTH_ADMIN_PASSWORD: ADMIN.password, ...env },
  });
  onTestFinished(() => server.kill());
  return server;
}

async function open(address: string, options?: Parameters<typeof connect>[1]): Promise<Client> {
  const client = await connect(address, options);
  onTestFinished(() => client.close());
  return client;
}

const basic = ({ username, password }: typeof ADMIN) =>
  `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;

async function addUser(address: string, user: typeof ADMIN): Promise<void> {
  const { status } = await fetch(`${address}/api/2.0/mlflow/users/create`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: basic(ADMIN) },
    body: JSON.stringify(user),
  });
  expect(status).toBe(200);
}

/** Everything an error could show. */
const failureOf = async (attempt: Promise<unknown>): Promise<{ code: string; text: string }> =>
  attempt.then(
    () => expect.fail("it should have failed"),
    (error: { code: string }) => ({ code: error.code, text: inspect(error, { depth: 9, showHidden: true }) }),
  );

describe.skipIf(leftOut("python"))("a server that asks who is there", () => {
  it("lets in whom it knows, to what is theirs, and shows nobody's secret", async () => {
    const said = warnings();
    const { address } = await startServer();
    await addUser(address, ANN);
    await addUser(address, BOB);
    const ann = await open(address, ANN);
    const run = await startRun({ client: ann, experiment: "of ann", captureEnvironment: false });
    run.logMetric("loss", 0.5);
    run.logParam("lr", 1);
    await run.logText("weights", "model/weights.txt");
    await run.end();
    expect((await ann.runs.get(run.id)).params).toEqual({ lr: "1" });
    expect(Buffer.from(await ann.artifacts.read({ runId: run.id, path: "model/weights.txt" })).toString()).toBe(
      "weights",
    );

    const bob = await open(address.replace("//", `//${BOB.username}:${encodeURIComponent(BOB.password)}@`));
    expect((await bob.runs.get(run.id)).latestMetrics).toMatchObject([{ key: "loss", value: 0.5 }]);
    vi.stubEnv("MLFLOW_TRACKING_USERNAME", ANN.username);
    vi.stubEnv("MLFLOW_TRACKING_PASSWORD", "a wrong password");
    const wrong = await open(address);
    vi.unstubAllEnvs();
    const nobody = await open(address, { token: "a wrong token" });
    const failures = await Promise.all([
      failureOf(bob.runs.setTag({ runId: run.id, key: "a", value: "b" })),
      failureOf(bob.artifacts.delete({ runId: run.id, path: "model/weights.txt" })),
      failureOf(wrong.runs.get(run.id)),
      failureOf(nobody.runs.get(run.id)),
    ]);
    expect(failures.map(({ code }) => code)).toEqual([
      "PERMISSION_DENIED",
      "PERMISSION_DENIED",
      "UNAUTHENTICATED",
      "UNAUTHENTICATED",
    ]);
    const shown = [...failures.map(({ text }) => text), ...said, ann.uri, bob.uri, inspect(bob, { depth: 3 })].join();
    for (const { username, password } of [ANN, BOB, { username: "ann", password: "a wrong password" }]) {
      for (const secret of [password, encodeURIComponent(password), basic({ username, password }).slice(6)])
        expect(shown).not.toContain(secret);
    }
    expect(shown).not.toContain("a wrong token");
  });

  it("is told a new token when it does not take the old one any more", async () => {
    const directory = temporaryDirectory();
    const [tokens, config] = [join(directory, "token"), join(directory, "auth.ini")];
    const names = { default_permission: "READ", database_uri: "sqlite:///auth.db", admin_username: ADMIN.username };
    const lines = Object.entries({ ...names, authorization_function: "bearer_auth:authenticate" });
    writeFileSync(config, `[mlflow]\n${lines.map((pair) => pair.join(" = ")).join("\n")}\n`);
    writeFileSync(tokens, "first");
    const { address } = await startServer({
      MLFLOW_AUTH_CONFIG_PATH: config,
      PYTHONPATH: join(repository, "test/peers/python"),
      PEER_TOKEN_FILE: tokens,
    });
    const given = ["first", "second"];
    const token = vi.fn(async () => given.shift() ?? "none");
    const client = await open(address, { token });
    const run = await startRun({ client, experiment: "of who bears it", captureEnvironment: false });
    run.logMetric("loss", 1);
    await run.flush();
    expect(token).toHaveBeenCalledTimes(1);
    writeFileSync(tokens, "second");
    run.logMetric("loss", 0.5);
    await run.logText("x".repeat(100_000), "long.txt");
    await run.end();
    expect(token).toHaveBeenCalledTimes(2);
    const { values } = await client.runs.metricHistory(run.id, "loss");
    expect([...values]).toEqual([1, 0.5]);
    expect(await client.artifacts.read({ runId: run.id, path: "long.txt" })).toHaveLength(100_000);
  });
});
