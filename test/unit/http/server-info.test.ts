import { setTimeout as sleep } from "node:timers/promises";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { type HttpBackendOptions, httpBackend } from "../../../src/http/index.ts";
import { type Answer, AT_ONCE, cut, refuse, say, scriptedServerThatSays } from "../../support/scripted-http.ts";
import { warnings } from "../../support/warnings.ts";

beforeEach(() => {
  vi.stubEnv("MLFLOW_WORKSPACE", "");
  vi.stubEnv("TIDEMARK_LOG", "silent");
  onTestFinished(() => void vi.unstubAllEnvs());
});

const RUN = say(200, { run: { info: { run_id: "a", experiment_id: "0" } } });
const WITH_WORKSPACES = say(200, { workspaces_enabled: true });
const WITHOUT_WORKSPACES = say(200, { workspaces_enabled: false });

/** One answer to every question, the last for ever. */
const inTurn =
  (...answers: readonly Answer[]): Answer =>
  (request, response) =>
    answers[Math.min(turn++, answers.length - 1)]?.(request, response);
let turn = 0;

async function start(info: Answer, options: Partial<HttpBackendOptions>, ...answers: readonly Answer[]) {
  turn = 0;
  const server = await scriptedServerThatSays(info, ...answers);
  const backend = httpBackend({ url: server.url, ...options });
  onTestFinished(() => backend.close());
  return { ...server, backend, read: () => backend.tracking.getRun("a") };
}

const workspacesOf = (requests: readonly { headers: NodeJS.Dict<string | string[]> }[]) =>
  requests.map(({ headers }) => headers["x-mlflow-workspace"]);

describe("a workspace", () => {
  it("is named in every request to a server that has workspaces, which is asked once, without naming it", async () => {
    const { backend, read, received, asked } = await start(WITH_WORKSPACES, { workspace: "team-a" }, RUN);
    await Promise.all([read(), read(), read()]);
    const bytes = new Uint8Array(3);
    await backend.artifacts("mlflow-artifacts:/0/a/artifacts").write("file", bytes);
    expect(workspacesOf(received)).toEqual(["team-a", "team-a", "team-a", "team-a"]);
    expect(workspacesOf(asked)).toEqual([undefined]);
  });

  it("of the environment is left out where there are none, with one warning", async () => {
    vi.stubEnv("MLFLOW_WORKSPACE", "team-a");
    vi.stubEnv("TIDEMARK_LOG", "warn");
    const said = warnings();
    for (const info of [WITHOUT_WORKSPACES, say(404, "<html>"), refuse(404, "ENDPOINT_NOT_FOUND"), say(405, "")]) {
      const { read, received, asked } = await start(info, {}, RUN);
      await read();
      await read();
      expect(workspacesOf(received)).toEqual([undefined, undefined]);
      expect(asked).toHaveLength(1);
    }
    expect(said.filter((message) => message.includes('MLFLOW_WORKSPACE is "team-a"'))).toHaveLength(4);
  });

  it("of an option is an error where there are none", async () => {
    const { read, received } = await start(WITHOUT_WORKSPACES, { workspace: "team-a" }, RUN);
    await expect(read()).rejects.toMatchObject({
      code: "NOT_IMPLEMENTED",
      message: expect.stringMatching(/^workspace: got "team-a", and .* has no workspaces/),
      details: { argument: "workspace" },
    });
    expect(received).toEqual([]);
  });

  it("waits, as the call would, for a server that cannot say whether it has some", async () => {
    const trouble = [cut, say(503, "", AT_ONCE), say(200, { workspaces_enabled: true })];
    const { read, received } = await start(inTurn(...trouble), { workspace: "team-a" }, RUN);
    await read();
    expect(workspacesOf(received)).toEqual(["team-a"]);
    const down = await start(say(503, "", AT_ONCE), { workspace: "team-a", maxRetries: 1 }, RUN);
    await expect(down.read()).rejects.toMatchObject({ code: "TEMPORARILY_UNAVAILABLE" });
    expect([down.received.length, down.asked.length]).toEqual([0, 2]);
  });

  it("lets what would happen twice be repeated while nothing has been sent", async () => {
    const trouble = [cut, say(502, "", AT_ONCE), say(200, { workspaces_enabled: true })];
    const { backend, received } = await start(inTurn(...trouble), { workspace: "team-a" }, RUN);
    await backend.tracking.createRun({ experimentId: "0" });
    expect(received).toHaveLength(1);
  });
});

describe("the question what a server can do", () => {
  const URI = "mlflow-artifacts:/0/a/artifacts";

  it("harms nobody where it is not understood", async () => {
    for (const info of [say(404, "<html>"), say(403, ""), say(200, "<html>"), say(200, "[]"), say(302, "")]) {
      const { backend, received } = await start(info, { maxRetries: 0 }, say(200));
      await backend.artifacts(URI).write("a", new Uint8Array(5));
      expect(received.map(({ method }) => method)).toEqual(["PUT"]);
    }
  });

  it("is forgotten by who stops waiting, and answered to the others", async () => {
    const slow: Answer = async (request, response) => {
      await sleep(100);
      await WITH_WORKSPACES(request, response);
    };
    const { backend, asked, received } = await start(slow, { workspace: "team-a" }, say(200, "content"));
    const stop = new AbortController();
    const stopped = backend.artifacts(URI).read("a", { signal: stop.signal });
    const patient = backend.artifacts(URI).read("a");
    setTimeout(() => stop.abort(), 20);
    await expect(stopped).rejects.toMatchObject({ code: "CANCELLED" });
    expect(Buffer.from(await patient).toString()).toBe("content");
    expect([asked.length, received.length]).toEqual([1, 1]);
  });

  it("is asked anew when everybody who waited has gone", async () => {
    const never: Answer = () => {};
    const { backend, asked } = await start(inTurn(never, WITH_WORKSPACES), {}, say(200, "content"));
    const stop = new AbortController();
    const stopped = backend.artifacts(URI).read("a", { signal: stop.signal });
    setTimeout(() => stop.abort(), 20);
    await expect(stopped).rejects.toMatchObject({ code: "CANCELLED" });
    expect(await backend.artifacts(URI).read("a")).toHaveLength(7);
    expect(asked).toHaveLength(2);
  });
});
