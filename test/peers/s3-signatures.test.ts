import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { S3Opener } from "../../src/s3/s3-artifacts.ts";
import type { S3Options } from "../../src/s3/s3-options.ts";
import { FaultProxy } from "../support/fault-proxy.ts";
import { leftOut } from "../support/peers.ts";
import { startVersitygw, type Versitygw } from "../support/versitygw.ts";

const TWO_HOURS_MS = 2 * 3_600_000;

describe.skipIf(leftOut("versitygw"))("a storage that checks signatures", () => {
  let storage: Versitygw;
  beforeAll(async () => {
    storage = await startVersitygw("artifacts");
  });
  afterAll(() => storage?.kill());

  const bucket = (options: S3Options = {}) =>
    new S3Opener({ endpoint: storage.address, credentials: storage.keys, region: "us-east-1", ...options }).bucket(
      "artifacts",
    );
  const bytes = new TextEncoder().encode("hello");

  it.each([
    ["secret", { secretAccessKey: "wrong" }],
    ["access key", { accessKeyId: "nobody" }],
  ])("takes no wrong %s", async (_what, wrong) => {
    const client = bucket({ credentials: { ...storage.keys, ...wrong } });
    await expect(client.put("a", bytes)).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  });

  it("takes nothing from nobody", async () => {
    const write = bucket({ credentials: "anonymous" }).put("a", bytes);
    await expect(write).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
  });

  it("is reached from a machine whose clock is wrong", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() - TWO_HOURS_MS });
    onTestFinished(() => void vi.useRealTimers());
    const client = bucket();
    await client.put("clock", bytes);
    expect((await client.head("clock")).sizeBytes).toBe(5);
    const address = await client.presign("clock");
    expect((await fetch(address)).status).toBe(200);
  });

  it("is reached when the region that it names was not ours", async () => {
    const proxy = await FaultProxy.start(storage.address, true);
    const client = bucket({ region: "eu-west-1", endpoint: proxy.address });
    await client.put("region", bytes);
    expect(proxy.count("/region")).toBe(2);
    expect((await client.listPage({ prefix: "region" })).objects.map(({ key }) => key)).toEqual(["region"]);
  });

  it("takes an address only as it was signed", async () => {
    const client = bucket();
    await client.put("signed", bytes);
    const address = await client.presign("signed");
    expect(await (await fetch(address)).text()).toBe("hello");
    const other = new URL(address);
    other.pathname = "/artifacts/clock";
    expect((await fetch(other)).status).toBe(403);
    expect((await fetch(address, { method: "PUT", body: "x" })).status).toBe(403);
  });
});
