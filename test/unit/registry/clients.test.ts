import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { configure, connect } from "../../../src/index.ts";
import { openClients } from "../../../src/registry/clients.ts";
import { temporaryDirectory } from "../../support/mlruns.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("openClients", () => {
  it("takes the registry of the environment, else the place where runs are", async () => {
    const directory = temporaryDirectory();
    const [runs, models] = [join(directory, "runs"), join(directory, "models")];
    vi.stubEnv("MLFLOW_TRACKING_URI", runs);
    const alone = await openClients({});
    expect(alone.registryClient).toBe(alone.client);
    expect(alone.client.uri).toBe((await connect(runs)).uri);

    vi.stubEnv("MLFLOW_REGISTRY_URI", models);
    const apart = await openClients({});
    expect(apart.client).toBe(alone.client);
    expect(apart.registryClient.uri).toBe((await connect(models)).uri);
    expect((await openClients({})).registryClient).toBe(apart.registryClient);

    const client = await connect(join(directory, "other"));
    expect(await openClients({ client })).toEqual({ client, registryClient: client });
    expect(await openClients({ registryClient: client })).toEqual({ client: alone.client, registryClient: client });
  });

  it("takes the configured registry before that of the environment", async () => {
    const directory = temporaryDirectory();
    vi.stubEnv("MLFLOW_REGISTRY_URI", join(directory, "environment"));
    configure({ trackingUri: join(directory, "runs"), registryUri: join(directory, "configured") });
    const { registryClient } = await openClients({});
    expect(registryClient.uri).toBe((await connect(join(directory, "configured"))).uri);
  });
});
