import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { findCredentials } from "../../../src/s3/credentials.ts";
import type { S3Options } from "../../../src/s3/s3-options.ts";
import { readSharedConfig } from "../../../src/s3/shared-config.ts";
import { clearAwsEnvironment } from "./environment.ts";

let home: string;
beforeEach(() => {
  home = clearAwsEnvironment();
  mkdirSync(join(home, ".aws"));
});

const find = (options: S3Options = {}, ...load: [] | [Parameters<typeof findCredentials>[2]]) =>
  findCredentials(options, () => readSharedConfig(options.profile), ...load);
const idOf = async (options: S3Options = {}) => (await find(options).keys())?.accessKeyId;
const keys = (accessKeyId: string) => ({ accessKeyId, secretAccessKey: "secret" });

describe("keys", () => {
  it("come from options, the environment, and AWS's files, in this order", async () => {
    const section = (name: string, id: string) => `[${name}]\naws_access_key_id = ${id}\naws_secret_access_key = s\n`;
    writeFileSync(join(home, ".aws", "config"), section("profile ci", "config") + section("default", "config-default"));
    expect(await idOf()).toBe("config-default");
    writeFileSync(join(home, ".aws", "credentials"), section("default", "file") + section("ci", "file-ci"));
    expect(await idOf()).toBe("file");
    vi.stubEnv("AWS_PROFILE", "ci");
    expect(await idOf()).toBe("file-ci");
    vi.stubEnv("AWS_ACCESS_KEY_ID", "environment");
    expect(await idOf()).toBe("file-ci");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "s");
    vi.stubEnv("AWS_SESSION_TOKEN", "t");
    expect(await find().keys()).toEqual({ accessKeyId: "environment", secretAccessKey: "s", sessionToken: "t" });
    expect(await idOf({ profile: "ci" })).toBe("file-ci");
    expect(await idOf({ credentials: keys("option") })).toBe("option");
    expect(await idOf({ credentials: async () => keys("function") })).toBe("function");
    expect(await idOf({ credentials: "anonymous" })).toBeUndefined();
    vi.stubEnv("MLFLOW_EXPERIMENTAL_S3_SIGNATURE_VERSION", "unsigned");
    expect(await idOf()).toBeUndefined();
  });

  it("have a name that stays the same for who has them, and is no secret", () => {
    expect(find({ credentials: keys("option") }).identity).toBe("option");
    expect(find({ credentials: "anonymous" }).identity).toBe("nobody");
    expect(find({ credentials: { ...keys("hourly"), sessionToken: "t" } }).identity).toBe("temporary");
    expect(find({ credentials: async () => keys("any") }).identity).toBe("function");
    expect(find().identity).toBe("profile default");
  });

  it("that nobody has are missed with what to do", async () => {
    vi.doMock("@aws-sdk/credential-provider-node", () => {
      throw new Error("Cannot find package");
    });
    await expect(find().keys()).rejects.toMatchObject({
      code: "UNAUTHENTICATED",
      message: expect.stringMatching(/AWS_ACCESS_KEY_ID.*install @aws-sdk\/credential-provider-node.*anonymous/),
    });
  });

  it("of a role are left to AWS's own chain, with the profile", async () => {
    const role = "[default]\nrole_arn = arn:aws:iam::1:role/x\naws_access_key_id = a\naws_secret_access_key = b\n";
    writeFileSync(join(home, ".aws", "credentials"), role);
    const asked: unknown[] = [];
    const source = find({}, async (options) => {
      asked.push(options);
      return async () => keys("role");
    });
    expect((await source.keys())?.accessKeyId).toBe("role");
    expect(asked).toEqual([{ profile: "default" }]);
  });
});

describe("a function of keys", () => {
  it("is asked once for all that need them, and again shortly before they expire", async () => {
    let count = 0;
    const times = [Date.now() + 3_600_000, Date.now() + 3_600_000];
    const credentials = async () => ({ ...keys(String(++count)), expiration: new Date(times[count - 1] as number) });
    const source = find({ credentials });
    const ids = await Promise.all([source.keys(), source.keys(), source.keys()]);
    expect(ids.map((all) => all?.accessKeyId)).toEqual(["1", "1", "1"]);
    vi.useFakeTimers({ now: (times[0] as number) - 30_000 });
    try {
      times[1] = Date.now() + 3_600_000;
      expect((await source.keys())?.accessKeyId).toBe("2");
      expect((await source.keys())?.accessKeyId).toBe("2");
    } finally {
      vi.useRealTimers();
    }
  });

  it("is asked anew for keys that were refused, once for all who used them", async () => {
    const asked: boolean[] = [];
    const source = find({
      credentials: ({ forceRefresh }) => {
        asked.push(forceRefresh);
        return keys(String(asked.length));
      },
    });
    const old = await source.keys();
    expect([source.forget(old), source.forget(old)]).toEqual([true, true]);
    const fresh = await source.keys();
    expect(source.forget(old)).toBe(true);
    expect(await source.keys()).toBe(fresh);
    expect(asked).toEqual([false, true]);
  });

  it("that fails is said so, and asked again", async () => {
    const answers = [() => Promise.reject(new Error("no network")), async () => keys("late")];
    const source = find({
      credentials: async () => await (answers.shift() as () => Promise<ReturnType<typeof keys>>)(),
    });
    await expect(source.keys()).rejects.toMatchObject({
      code: "UNAUTHENTICATED",
      message: "cannot get AWS credentials: no network",
    });
    expect((await source.keys())?.accessKeyId).toBe("late");
  });

  it.each([[undefined], [{}], [{ accessKeyId: "a" }]])("that answers %o has none", async (answer) => {
    const source = find({ credentials: async () => answer as never });
    await expect(source.keys()).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  });
});
