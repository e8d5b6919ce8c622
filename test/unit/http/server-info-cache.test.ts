import { describe, expect, it, vi } from "vitest";
import { ServerInfoCache } from "../../../src/http/server-info.ts";

const said = (info: object) => ({ status: "ok", value: JSON.stringify(info) }) as const;

describe("what servers have said of themselves", () => {
  it("counts for a minute, for each server alone", async () => {
    let nowMs = 0;
    const cache = new ServerInfoCache(() => nowMs);
    const ask = vi.fn(async () => said({ multipart_uploads_enabled: true }));
    const asks = async (base: string) => {
      await cache.get(base, ask, undefined);
      return ask.mock.calls.length;
    };
    expect([await asks("a"), await asks("a"), await asks("b")]).toEqual([1, 1, 2]);
    nowMs = 59_999;
    expect(await asks("a")).toBe(2);
    nowMs = 60_000;
    expect(await asks("a")).toBe(3);
  });

  it("is kept of a few servers", async () => {
    const cache = new ServerInfoCache();
    const ask = vi.fn(async () => said({}));
    for (let server = 0; server < 17; server++) await cache.get(String(server), ask, undefined);
    await cache.get("16", ask, undefined);
    expect(ask).toHaveBeenCalledTimes(17);
    await cache.get("0", ask, undefined);
    expect(ask).toHaveBeenCalledTimes(18);
  });

  it("is only what is said by the very word true", async () => {
    const cache = new ServerInfoCache();
    const info = { workspaces_enabled: "true", multipart_uploads_enabled: 1, artifacts_presigned_only: true };
    expect(await cache.get("a", async () => said(info), undefined)).toEqual({
      status: "ok",
      value: {
        hasDatabase: false,
        hasWorkspaces: false,
        signsUploads: false,
        signsDownloads: false,
        isPresignedOnly: true,
      },
    });
  });
});
