import { randomBytes, randomUUID } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { memoryBackend } from "../../src/memory/memory-backend.ts";
import type { S3Client } from "../../src/s3/client.ts";
import type { ListPage } from "../../src/s3/list-page.ts";
import { MultipartUpload } from "../../src/s3/multipart.ts";
import { S3Opener } from "../../src/s3/s3-artifacts.ts";
import { backendContract } from "../contract/suite.ts";
import { answer, cutAnswer, cutRequest, type Fault, FaultProxy, loseAnswer, pass } from "../support/fault-proxy.ts";
import { temporaryDirectory } from "../support/mlruns.ts";
import { leftOut } from "../support/peers.ts";
import { BUCKET, type S3Server, s3Servers } from "../support/s3-servers.ts";
import { AT_ONCE } from "../support/scripted-http.ts";

const MIB = 2 ** 20;
const SLOW_DOWN = "<Error><Code>SlowDown</Code></Error>";

const text = (value: string) => new TextEncoder().encode(value);

describe.each(s3Servers)("%s", (_, peer, start) => {
  describe.skipIf(leftOut(peer))("has objects and artifacts that", () => suite(start));
});

function suite(start: () => Promise<S3Server>): void {
  let storage: S3Server;
  let opener: S3Opener;
  let client: S3Client;
  beforeAll(async () => {
    storage = await start();
    opener = new S3Opener(storage.options);
    client = opener.bucket(BUCKET);
  });
  afterAll(() => storage?.kill());

  describe("objects", () => {
    it.each(["crc32", "sha256", "md5", "none"] as const)(
      "are written with the checksum %s, and read",
      async (checksum) => {
        const client = new S3Opener({ ...storage.options, checksum }).bucket(BUCKET);
        const key = `sums/${checksum} +%&'()*!~ü名.bin`;
        const etag = await client.put(key, text("hello"), { headers: { "content-type": "text/plain" } });
        expect(await client.head(key)).toMatchObject({ sizeBytes: 5, etag, headers: { "content-type": "text/plain" } });
        const response = await client.open(key);
        expect(await response.text()).toBe("hello");
        const part = await client.open(key, { range: { from: 1, to: 3 }, ifMatch: etag });
        expect([part.status, await part.text()]).toEqual([206, "el"]);
        await client.delete(key);
        expect(await client.find(key)).toBeUndefined();
      },
    );

    it("are listed in the order of their bytes, page by page, as they are named", async () => {
      const names = ["a b", "a+b", "a%20b", "ü", "名", "x&y<z>\"'", "z/1", "z/2", "tab\there"];
      for (const key of names) await client.put(`order/${key}`, text(key));
      const pages: ListPage[] = [];
      for await (const page of client.list({ prefix: "order/", delimiter: "/", maxKeys: 3 })) pages.push(page);
      const keys = pages.flatMap(({ objects }) => objects.map(({ key }) => key.slice("order/".length)));
      const files = names.filter((key) => !key.startsWith("z/"));
      expect(keys).toEqual(files.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
      expect(pages.flatMap(({ prefixes }) => prefixes)).toEqual(["order/z/"]);
      expect(pages.length).toBeGreaterThan(1);
      const sizes = new Map(pages.flatMap(({ objects }) => objects.map(({ key, sizeBytes }) => [key, sizeBytes])));
      expect(sizes.get("order/名")).toBe(3);
    });

    it("are deleted many at once", async () => {
      const keys = Array.from({ length: 20 }, (_, at) => `many/${at} & <more>`);
      for (const key of keys) await client.put(key, text("x"));
      expect(await client.deleteMany(keys)).toEqual({ failures: [] });
      expect((await client.listPage({ prefix: "many/" })).objects).toEqual([]);
    });

    it("are deleted by many at once", async () => {
      for (let n = 0; n < 50; n++) {
        const keys = [1, 2, 3].map((at) => `twice/${n}/${at}`);
        await Promise.all(keys.map((key) => client.put(key, text("x"))));
        const single = Array.from({ length: 8 }, () => keys.map((key) => client.delete(key))).flat();
        await Promise.all([...single, client.deleteMany(keys), client.deleteMany(keys)]);
      }
      expect((await client.listPage({ prefix: "twice/" })).objects).toEqual([]);
    });

    it("are written where another deletes the last one beside them", async () => {
      const writeAndDelete = async (at: number) => {
        for (let n = 0; n < 300; n++) {
          await client.put(`beside/deep/${at}`, text("x"));
          await client.delete(`beside/deep/${at}`);
        }
      };
      await Promise.all(Array.from({ length: 8 }, (_, at) => writeAndDelete(at)));
      expect((await client.listPage({ prefix: "beside/" })).objects).toEqual([]);
    });

    it("are written under a condition, by one of many", async () => {
      const key = `once/${randomUUID()}`;
      const outcomes = await Promise.all(
        Array.from({ length: 16 }, (_, at) => client.putIf(key, text(String(at)), { ifAbsent: true })),
      );
      expect(outcomes.filter(({ status }) => status === "written")).toHaveLength(1);
      const { etag } = await client.head(key);
      expect(await client.putIf(key, text("new"), { ifMatch: '"0123456789abcdef0123456789abcdef"' })).toEqual({
        status: "refused",
        mayHaveWritten: false,
      });
      expect(await client.putIf(key, text("new"), { ifMatch: etag })).toMatchObject({ status: "written" });
      expect(await (await client.open(key)).text()).toBe("new");
      const missing = await client.putIf(`${key}-none`, text("x"), { ifMatch: etag });
      expect(missing).toEqual({ status: "refused", mayHaveWritten: false });
    });

    it("are known again by the call whose answer got lost", async () => {
      const proxy = await FaultProxy.start(storage.options.endpoint, true);
      const client = new S3Opener({ ...storage.options, endpoint: proxy.address }).bucket(BUCKET);
      const key = `lost/${randomUUID()}`;
      let lost = 0;
      proxy.script = ({ incoming }) => (incoming.method === "PUT" && lost++ === 0 ? loseAnswer : pass);
      const outcome = await client.putIf(key, text("mine"), { ifAbsent: true });
      expect(outcome).toEqual({ status: "written", etag: (await client.head(key)).etag });
      expect(proxy.spoiled).toBe(1);
    });

    it.each(["crc32", "sha256", "md5"] as const)("are made of parts with the checksum %s", async (checksum) => {
      const { exchange } = new S3Opener({ ...storage.options, checksum }).bucket(BUCKET);
      const key = `parts/${checksum}`;
      const upload = await MultipartUpload.create(exchange, key, { "content-type": "text/x-parts" }, undefined);
      const bytes = randomBytes(5 * MIB + 7);
      const parts = [
        await upload.send(1, bytes.subarray(0, 5 * MIB), {}),
        await upload.send(2, bytes.subarray(5 * MIB), {}),
      ];
      const etag = await upload.complete(parts, undefined);
      const info = await client.head(key);
      expect(info).toMatchObject({ etag, sizeBytes: bytes.length, headers: { "content-type": "text/x-parts" } });
    });

    it("are handed to others by an address", async () => {
      const key = "presigned/ü +x.txt";
      const put = await client.presign(key, { method: "PUT", headers: { "content-type": "text/plain" } });
      const headers = { "content-type": "text/plain" };
      expect((await fetch(put, { method: "PUT", body: "by hand", headers })).status).toBe(200);
      const get = await client.presign(key, { query: { "response-content-type": "text/x-own" } });
      const answer = await fetch(get);
      expect([answer.status, await answer.text()]).toEqual([200, "by hand"]);
      expect(answer.headers.get("content-type")).toBe("text/x-own");
    });

    it("that are missing, and buckets, are said so", async () => {
      await expect(client.open("none")).rejects.toMatchObject({
        code: "RESOURCE_DOES_NOT_EXIST",
        details: { storageCode: "NoSuchKey", bucket: BUCKET, key: "none" },
      });
      const nowhere = new S3Opener(storage.options).bucket("no-such-bucket");
      await expect(nowhere.listPage()).rejects.toMatchObject({
        code: "RESOURCE_DOES_NOT_EXIST",
        message: `there is no bucket "no-such-bucket" at ${storage.options.endpoint}`,
      });
    });
  });

  describe("artifacts", () => {
    const runs = () => ({
      ...memoryBackend(),
      artifacts: (uri: string) =>
        opener.artifacts(`s3://${BUCKET}/contract/${encodeURIComponent(uri)}-${randomUUID()}`),
    });
    for (const { name, run } of backendContract(runs).filter(({ name }) => name.startsWith("artifacts:")))
      it(name, run);

    it.each([
      ["in parts", 37 * MIB + 5],
      ["whole", 16 * MIB],
      ["empty", 0],
    ])("go up and down %s", async (_how, sizeBytes) => {
      const store = opener.artifacts(`s3://${BUCKET}/sizes`);
      const directory = temporaryDirectory();
      const bytes = randomBytes(sizeBytes);
      const [up, down] = [join(directory, "up.bin"), join(directory, "down.bin")];
      writeFileSync(up, bytes);
      let told = 0;
      const onBytes = (count: number) => {
        told += count;
      };
      await store.upload(up, "a b/weights 名前.bin", { onBytes });
      expect(told).toBe(sizeBytes);
      await store.download("a b/weights 名前.bin", down, { onBytes });
      expect(told).toBe(2 * sizeBytes);
      expect(readFileSync(down).equals(bytes)).toBe(true);
      expect(Buffer.from(await store.read("a b/weights 名前.bin")).equals(bytes)).toBe(true);
      expect(readdirSync(directory).sort()).toEqual(["down.bin", "up.bin"]);
    });

    it("go up and down through a network that fails at every third request", async () => {
      vi.stubEnv("TIDEMARK_LOG", "silent");
      onTestFinished(() => void vi.unstubAllEnvs());
      const proxy = await FaultProxy.start(storage.options.endpoint, true);
      const faults: readonly Fault[] = [answer(503, SLOW_DOWN, AT_ONCE), loseAnswer, cutRequest, cutAnswer];
      let count = 0;
      proxy.script = () => (count++ % 3 === 2 ? (faults[Math.floor(count / 3) % faults.length] as Fault) : pass);
      const store = new S3Opener({ ...storage.options, endpoint: proxy.address }).artifacts(`s3://${BUCKET}/faults`);
      const directory = temporaryDirectory();
      const bytes = randomBytes(40 * MIB + 3);
      writeFileSync(join(directory, "up"), bytes);
      let told = 0;
      const onBytes = (count: number) => {
        told += count;
      };
      for (const name of ["a", "b", "c"]) {
        await store.upload(join(directory, "up"), name, { onBytes });
        await store.download(name, join(directory, name), { onBytes });
        expect(readFileSync(join(directory, name)).equals(bytes)).toBe(true);
      }
      expect(told).toBe(6 * bytes.length);
      expect((await store.list()).map(({ path }) => path)).toEqual(["a", "b", "c"]);
      expect(proxy.spoiled).toBeGreaterThan(8);
    });

    it("leave nothing where they are stopped", async () => {
      const store = opener.artifacts(`s3://${BUCKET}/stopped`);
      const directory = temporaryDirectory();
      writeFileSync(join(directory, "up"), randomBytes(30 * MIB));
      const stop = new AbortController();
      const stopped = store.upload(join(directory, "up"), "up", { signal: stop.signal, onBytes: () => stop.abort() });
      await expect(stopped).rejects.toMatchObject({ code: "CANCELLED" });
      expect(await store.list()).toEqual([]);
      expect(await openUploads(client, "stopped/")).toBe(0);
      await store.upload(join(directory, "up"), "up");
      const late = new AbortController();
      const down = store.download("up", join(directory, "down"), { signal: late.signal, onBytes: () => late.abort() });
      await expect(down).rejects.toMatchObject({ code: "CANCELLED" });
      expect(existsSync(join(directory, "down"))).toBe(false);
      expect(readdirSync(directory)).toEqual(["up"]);
      onTestFinished(() => store.delete("up"));
    });
  });
}

async function openUploads({ exchange }: S3Client, prefix: string): Promise<number> {
  const query = { uploads: "", prefix };
  const call = { method: "GET", action: "list uploads of", permission: "s3:ListBucket", query } as const;
  return await exchange.call(call, async (response) => (await response.text()).split("<UploadId>").length - 1);
}
