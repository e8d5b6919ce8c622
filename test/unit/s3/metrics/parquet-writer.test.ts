import { afterEach, expect, it, vi } from "vitest";

afterEach(() => {
  vi.doUnmock("hyparquet-writer");
  vi.resetModules();
});

it("says what to install where the writer of Parquet is missing", async () => {
  vi.resetModules();
  vi.doMock("hyparquet-writer", () => {
    throw new Error("Cannot find package 'hyparquet-writer'");
  });
  const { parquetWriter } = await import("../../../../src/s3/metrics/parquet-writer.ts");
  await expect(parquetWriter()).rejects.toMatchObject({
    code: "NOT_IMPLEMENTED",
    message: expect.stringContaining("npm install hyparquet-writer"),
  });
});
