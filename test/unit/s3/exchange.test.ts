import { beforeEach, describe, expect, it, vi } from "vitest";
import type { S3Client } from "../../../src/s3/client.ts";
import { MultipartUpload } from "../../../src/s3/multipart.ts";
import { S3Opener } from "../../../src/s3/s3-artifacts.ts";
import type { S3Options } from "../../../src/s3/s3-options.ts";
import { type Answer, AT_ONCE, cut, type Received, say, scriptedServer } from "../../support/scripted-http.ts";
import { clearAwsEnvironment } from "./environment.ts";

beforeEach(() => {
  clearAwsEnvironment();
  vi.stubEnv("TIDEMARK_LOG", "silent");
});

const KEYS = { accessKeyId: "id", secretAccessKey: "very-secret", sessionToken: "token-1" };
const OK = say(200, "", { etag: '"e"' });
const text = (value: string) => new TextEncoder().encode(value);

/** An error as S3 says it. */
const refuse = (
  status: number,
  code: string,
  inner = "",
  headers: Readonly<Record<string, string>> = AT_ONCE,
): Answer =>
  say(status, `<?xml version="1.0"?><Error><Code>${code}</Code><Message>no</Message>${inner}</Error>`, headers);

async function start(options: S3Options, ...answers: readonly Answer[]) {
  const { url, received } = await scriptedServer(...answers);
  const opener = new S3Opener({ endpoint: url, credentials: KEYS, ...options });
  return { client: opener.bucket("models"), received, url };
}

const failureOf = async (promise: Promise<unknown>): Promise<{ message: string; code: string; details: object }> =>
  await promise.then(
    () => expect.fail("it should have failed"),
    (error) => error,
  );
const regionOf = ({ headers }: Received) => /Credential=[^/]+\/\d+\/([^/]+)\//.exec(headers.authorization ?? "")?.[1];

describe("a request", () => {
  it("is signed, with the hash of its body where nothing else protects it, and a checksum", async () => {
    const { client, received } = await start({}, OK);
    expect(await client.put("a b", text("hello"))).toBe('"e"');
    expect(received).toEqual([expect.objectContaining({ method: "PUT", url: "/models/a%20b", body: "hello" })]);
    expect(received[0]?.headers).toMatchObject({
      "content-length": "5",
      "content-md5": "XUFAKrxLKna5cZ2REBfFkg==",
      "x-amz-content-sha256": "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
      "x-amz-security-token": "token-1",
      authorization: expect.stringContaining(
        "SignedHeaders=content-md5;host;x-amz-content-sha256;x-amz-date;x-amz-security-token,",
      ),
    });
  });

  it("of nobody is not signed", async () => {
    const { client, received } = await start({ credentials: "anonymous" }, OK);
    await client.open("a");
    expect(
      Object.keys(received[0]?.headers ?? {}).filter((name) => /authorization|x-amz-(date|sec|content)/.test(name)),
    ).toEqual([]);
    expect((await client.presign("a")).search).toBe("");
  });

  it.each([
    ["SlowDown", refuse(503, "SlowDown")],
    ["an internal error", refuse(500, "InternalError")],
    ["too many requests", say(429, "", AT_ONCE)],
    ["a timeout of the storage", refuse(400, "RequestTimeout")],
    ["bytes that came broken", refuse(400, "BadDigest")],
    ["a conflict", refuse(409, "ConditionalRequestConflict")],
    ["a gateway's page", say(502, "<html><br></html>", AT_ONCE)],
    ["a cut connection", cut],
  ])("is repeated after %s", async (_what, trouble) => {
    const { client, received } = await start({}, trouble, trouble, OK);
    await client.put("a", text("x"));
    expect(received).toHaveLength(3);
    expect(new Set(received.map(({ body }) => body))).toEqual(new Set(["x"]));
  });

  it("is repeated so often and no more", async () => {
    const { client, received } = await start({ maxRetries: 2 }, refuse(503, "SlowDown"));
    const error = await failureOf(client.put("a", text("x")));
    expect(error).toMatchObject({
      code: "TEMPORARILY_UNAVAILABLE",
      details: { storageCode: "SlowDown", httpStatus: 503 },
    });
    expect(received).toHaveLength(3);
  });

  it.each([
    ["AccessDenied", 403, "PERMISSION_DENIED"],
    ["InvalidAccessKeyId", 403, "UNAUTHENTICATED"],
    ["SignatureDoesNotMatch", 403, "UNAUTHENTICATED"],
    ["NoSuchBucket", 404, "RESOURCE_DOES_NOT_EXIST"],
    ["NoSuchKey", 404, "RESOURCE_DOES_NOT_EXIST"],
    ["InvalidObjectState", 403, "INVALID_STATE"],
    ["EntityTooLarge", 400, "INVALID_PARAMETER_VALUE"],
    ["NotImplemented", 501, "NOT_IMPLEMENTED"],
    ["QuotaExceeded", 403, "STORAGE_FULL"],
    ["SomethingElse", 400, "INTERNAL_ERROR"],
  ])("that is refused with %s fails at once, with place and code", async (word, status, code) => {
    const { client, received } = await start({}, refuse(status, word));
    const error = await failureOf(client.open("a/b"));
    expect(error).toMatchObject({
      code,
      details: { bucket: "models", key: "a/b", storageCode: word, httpStatus: status },
    });
    expect(error.message).toContain("models");
    expect(received).toHaveLength(1);
  });

  it("that may not list says what it takes", async () => {
    const { client } = await start({}, refuse(403, "AccessDenied"));
    const error = await failureOf(client.listPage());
    expect(error.message).toMatch(
      /refused to list "s3:\/\/models": AccessDenied: no; it takes the permission s3:ListBucket$/,
    );
  });

  it("shows no secret and no control character of an answer", async () => {
    const message = `key very-secret? token-1 \u001b[31m&#27;[2J ${"x".repeat(1_000)}`;
    const { client } = await start(
      {},
      say(403, `<Error><Code>AccessDenied</Code><Message>${message}</Message></Error>`),
    );
    const error = await failureOf(client.open("a"));
    expect(error.message).not.toContain("token-1");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what is looked for.
    expect(error.message).not.toMatch(/[\u0000-\u001f]/);
    expect(error.message.length).toBeLessThan(700);
    expect(JSON.stringify(error)).not.toContain("token-1");
  });

  it("ends when it is told to, also between two tries", async () => {
    const { client, received } = await start({}, refuse(503, "SlowDown", "", { "retry-after": "60" }));
    const stop = new AbortController();
    const put = client.put("a", text("x"), { signal: stop.signal });
    await vi.waitFor(() => expect(received).toHaveLength(1));
    stop.abort();
    await expect(put).rejects.toMatchObject({ code: "CANCELLED" });
  });

  it.each(["../a", "a/./b", ""])("for the key %j is not sent: no address can carry it", async (key) => {
    const { client, received } = await start({}, OK);
    await expect(client.put(key, text("x"))).rejects.toMatchObject({ code: "INVALID_PARAMETER_VALUE" });
    expect(received).toEqual([]);
  });
});

describe("an address for others", () => {
  it.each([0, 1.5, 604_801, Number.NaN])("is not made for %d seconds", async (expiresInSeconds) => {
    const { client } = await start({}, OK);
    await expect(client.presign("a", { expiresInSeconds })).rejects.toMatchObject({ code: "INVALID_PARAMETER_VALUE" });
  });

  it("says how long it works, and which headers must come with it", async () => {
    const { client, received } = await start({}, OK);
    const url = await client.presign("a b", {
      method: "PUT",
      expiresInSeconds: 60,
      headers: { "content-type": "text/plain" },
    });
    expect(url.pathname).toBe("/models/a%20b");
    expect(url.searchParams.get("X-Amz-Expires")).toBe("60");
    expect(url.searchParams.get("X-Amz-SignedHeaders")).toBe("content-type;host");
    expect(received).toEqual([]);
  });
});

describe("what can be put right", () => {
  const storageTime = new Date(Date.now() + 2 * 3_600_000);
  const date = { date: storageTime.toUTCString() };
  const stampOf = ({ headers }: Received) => String(headers["x-amz-date"]).slice(0, 11);
  const storageStamp = storageTime.toISOString().replace(/[-:]/g, "").slice(0, 11);

  it.each([
    ["said", (client: S3Client) => client.open("a"), refuse(403, "RequestTimeTooSkewed", "", date)],
    ["silent", (client: S3Client) => client.head("a"), say(403, "", date)],
  ])("is a clock that is wrong (%s), for all that follows", async (_how, ask, skewed) => {
    const { client, received } = await start({}, skewed, OK);
    await ask(client);
    await client.open("b");
    expect(received.map(stampOf).slice(1)).toEqual([storageStamp, storageStamp]);
    expect(received).toHaveLength(3);
  });

  it("is put right once, and then said", async () => {
    const { client, received } = await start({}, refuse(403, "RequestTimeTooSkewed", "", date));
    expect(await failureOf(client.open("a"))).toMatchObject({ code: "UNAUTHENTICATED" });
    expect(received).toHaveLength(2);
  });

  it.each([
    ["said", (client: S3Client) => client.open("a"), refuse(400, "ExpiredToken")],
    ["silent", (client: S3Client) => client.head("a"), say(400)],
    [
      "silent in the right region",
      (client: S3Client) => client.head("a"),
      say(400, "", { "x-amz-bucket-region": "us-east-1" }),
    ],
  ])("are keys that have expired (%s), where others may be had", async (_how, ask, expired) => {
    let count = 0;
    const credentials = async () => ({ ...KEYS, sessionToken: `token-${++count}` });
    const { client, received } = await start({ credentials }, OK, expired, OK);
    await client.open("first");
    await ask(client);
    expect(received.map(({ headers }) => headers["x-amz-security-token"])).toEqual(["token-1", "token-1", "token-2"]);
  });

  it("is a directory that another's deletion took away meanwhile", async () => {
    const conflict = refuse(409, "ExistingObjectIsDirectory");
    const { client, received } = await start({ maxRetries: 0 }, conflict, OK, conflict);
    expect(await client.put("a/b", text("x"))).toBe('"e"');
    expect(await failureOf(client.put("a", text("x")))).toMatchObject({
      details: { storageCode: "ExistingObjectIsDirectory" },
    });
    expect(received).toHaveLength(4);
  });

  it("are no keys that were given once", async () => {
    const { client, received } = await start({}, refuse(400, "ExpiredToken"));
    const error = await failureOf(client.open("a"));
    expect(error).toMatchObject({ code: "UNAUTHENTICATED" });
    expect(error.message).toContain("the credentials have to be renewed");
    expect(received).toHaveLength(1);
  });

  const elsewhere = { "x-amz-bucket-region": "eu-west-1" };
  it.each([
    ["301", (client: S3Client) => client.open("a"), refuse(301, "PermanentRedirect", "", elsewhere)],
    ["400 with a header", (client: S3Client) => client.head("a"), say(400, "", elsewhere)],
    [
      "400 with a word",
      (client: S3Client) => client.open("a"),
      refuse(400, "AuthorizationHeaderMalformed", "<Region>eu-west-1</Region>"),
    ],
  ])("is the region of a bucket (%s), for all that follows", async (_how, ask, wrong) => {
    const { client, received } = await start({}, wrong, OK);
    await ask(client);
    await client.open("b");
    expect(received.map(regionOf)).toEqual(["us-east-1", "eu-west-1", "eu-west-1"]);
  });

  it("is the region also for those who asked at the same time", async () => {
    const wrong = refuse(301, "PermanentRedirect", "", elsewhere);
    const { client, received } = await start({}, wrong, wrong, wrong, OK);
    await Promise.all([client.open("a"), client.open("b"), client.open("c")]);
    expect(received.slice(3).map(regionOf)).toEqual(["eu-west-1", "eu-west-1", "eu-west-1"]);
  });

  it.each([
    ["in a circle", elsewhere],
    ["to what is no region", { "x-amz-bucket-region": "evil.example/" }],
    ["to nowhere", { location: "http://evil.example/" }],
  ])("is no way that leads %s", async (_where, headers) => {
    const { client, received } = await start({}, refuse(301, "PermanentRedirect", "", headers));
    expect(await failureOf(client.open("a"))).toMatchObject({ details: { storageCode: "PermanentRedirect" } });
    expect(received.length).toBeLessThanOrEqual(2);
  });
});

describe("a write with a condition", () => {
  const taken = refuse(412, "PreconditionFailed");

  it("is refused where it does not hold", async () => {
    const { client, received } = await start({}, taken);
    expect(await client.putIf("a", text("x"), { ifAbsent: true })).toEqual({
      status: "refused",
      mayHaveWritten: false,
    });
    expect(received.map(({ headers }) => headers["if-none-match"])).toEqual(["*"]);
  });

  it("is known again after a lost answer, by its id", async () => {
    let id = "";
    const remember: Answer = (request, response) => {
      id = String(request.headers["x-amz-meta-tidemark-op"]);
      response.destroy();
    };
    const recall: Answer = (_, response) =>
      void response.writeHead(200, { etag: '"mine"', "x-amz-meta-tidemark-op": id }).end();
    const { client } = await start({}, remember, taken, recall);
    expect(await client.putIf("a", text("x"), { ifMatch: '"old"' })).toEqual({ status: "written", etag: '"mine"' });
  });

  it("is not taken for its own where another is there", async () => {
    const other = say(200, "", { etag: '"other"', "x-amz-meta-tidemark-op": "another" });
    const { client } = await start({}, cut, taken, other);
    expect(await client.putIf("a", text("x"), { ifAbsent: true })).toEqual({ status: "refused", mayHaveWritten: true });
  });

  it("that never arrived has not written", async () => {
    const { client, received } = await start({}, refuse(503, "SlowDown"), taken);
    expect(await client.putIf("a", text("x"), { ifAbsent: true })).toEqual({
      status: "refused",
      mayHaveWritten: false,
    });
    expect(received).toHaveLength(2);
  });

  it("fails for everything else", async () => {
    const { client } = await start({}, refuse(403, "AccessDenied"));
    await expect(client.putIf("a", text("x"), { ifAbsent: true })).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
  });
});

describe("a deletion", () => {
  it("of what another deleted meanwhile is done, one by one and many at once", async () => {
    const errors = ["a", "b"].map((key) => `<Error><Key>${key}</Key><Code>NoSuchKey</Code></Error>`).join("");
    const left = "<Error><Key>c</Key><Code>AccessDenied</Code></Error>";
    const result = say(200, `<DeleteResult>${errors}${left}</DeleteResult>`);
    const { client, received } = await start({}, refuse(404, "NoSuchKey"), say(404, ""), result);
    await client.delete("a");
    await client.delete("a");
    expect(await client.deleteMany(["a", "b", "c"])).toEqual({ failures: [{ key: "c", storageCode: "AccessDenied" }] });
    expect(received.map(({ method }) => method)).toEqual(["DELETE", "DELETE", "POST"]);
  });

  it("fails where the bucket is missing, and where it is not allowed", async () => {
    const { client } = await start({}, refuse(404, "NoSuchBucket"), refuse(403, "AccessDenied"));
    expect(await failureOf(client.delete("a"))).toMatchObject({ code: "RESOURCE_DOES_NOT_EXIST" });
    expect(await failureOf(client.delete("a"))).toMatchObject({ code: "PERMISSION_DENIED" });
  });
});

describe("an upload in parts", () => {
  const begun = say(200, "<InitiateMultipartUploadResult><UploadId>u&amp;1</UploadId></InitiateMultipartUploadResult>");

  it("is completed again where a success turns out to be an error", async () => {
    const broken = say(200, '<?xml version="1.0"?>   <Error><Code>InternalError</Code></Error>', AT_ONCE);
    const done = say(
      200,
      "<CompleteMultipartUploadResult><ETag>&quot;e-1&quot;</ETag></CompleteMultipartUploadResult>",
    );
    const { client, received } = await start({ checksum: "crc32" }, begun, OK, broken, done);
    const upload = await MultipartUpload.create(client.exchange, "a", {}, undefined);
    const part = await upload.send(1, text("hello"), {});
    expect(await upload.complete([part], undefined)).toBe('"e-1"');
    expect(received.map(({ method, url }) => `${method} ${url}`)).toEqual([
      "POST /models/a?uploads=",
      "PUT /models/a?partNumber=1&uploadId=u%261",
      "POST /models/a?uploadId=u%261",
      "POST /models/a?uploadId=u%261",
    ]);
    expect(received[0]?.headers["x-amz-checksum-algorithm"]).toBe("CRC32");
    expect(received[1]?.headers["x-amz-checksum-crc32"]).toBe("NhCmhg==");
    expect(received[3]?.body).toContain(
      "<Part><PartNumber>1</PartNumber><ETag>&quot;e&quot;</ETag><ChecksumCRC32>NhCmhg==</ChecksumCRC32></Part>",
    );
  });

  it.each([
    ["another success", say(200, "<Other/>")],
    ["no id", say(200, "<InitiateMultipartUploadResult/>")],
    ["no XML", say(200, "{}")],
  ])("is refused with %s", async (_what, answer) => {
    const { client } = await start({}, answer);
    const created = MultipartUpload.create(client.exchange, "a", {}, undefined);
    await expect(created).rejects.toMatchObject({ code: "DATA_DAMAGED" });
  });
});

describe("a list", () => {
  const page = (token?: string) =>
    say(
      200,
      `<ListBucketResult><IsTruncated>${token !== undefined}</IsTruncated>${
        token === undefined ? "" : `<NextContinuationToken>${token}</NextContinuationToken>`
      }<Contents><Key>a</Key><Size>1</Size></Contents></ListBucketResult>`,
    );

  it("goes on by its tokens to the end", async () => {
    const { client, received } = await start({}, page("t/1"), page("t/2"), page());
    let count = 0;
    for await (const { objects } of client.list({ prefix: "p/", delimiter: "/" })) count += objects.length;
    expect(count).toBe(3);
    expect(received.map(({ url }) => /continuation-token=([^&]*)/.exec(url)?.[1])).toEqual([
      undefined,
      "t%2F1",
      "t%2F2",
    ]);
  });

  it("that goes in a circle ends", async () => {
    const { client, received } = await start({}, page("t"));
    const all = async () => {
      for await (const _ of client.list());
    };
    await expect(all()).rejects.toMatchObject({ code: "DATA_DAMAGED" });
    expect(received).toHaveLength(2);
  });

  it("that is larger than a list can be is refused", async () => {
    const huge: Answer = (_, response) => void response.writeHead(200).end(`<ListBucketResult>${" ".repeat(17 << 20)}`);
    const { client } = await start({}, huge);
    await expect(client.listPage()).rejects.toMatchObject({ code: "DATA_DAMAGED" });
  });
});
