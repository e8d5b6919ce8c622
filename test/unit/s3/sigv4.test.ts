import { describe, expect, it } from "vitest";
import { Signer, sha256Hex, UNSIGNED_PAYLOAD } from "../../../src/s3/sigv4.ts";
import { encodeKey, encodeQuery } from "../../../src/s3/uri-encoding.ts";
import { S3_DOCS, type SigningVector, TEST_SUITE } from "./sigv4-vectors.ts";

const suites = [S3_DOCS, TEST_SUITE].flatMap(({ vectors, ...suite }) =>
  vectors.map((vector: SigningVector) => ({ ...suite, ...vector, url: new URL(vector.url) })),
);

describe("a signature", () => {
  it.each(suites)("is AWS's: $name", ({ service, keys, time, signedHeaders, signature, ...request }) => {
    const { authorization } = new Signer(service).signHeaders(request, keys, "us-east-1", new Date(time));
    expect(authorization).toContain(`SignedHeaders=${signedHeaders}, Signature=${signature}`);
  });

  it("covers a session token", () => {
    const { keys, sessionToken, time, service, withSessionToken } = TEST_SUITE;
    const request = {
      method: "GET",
      url: new URL("https://example.amazonaws.com/"),
      headers: {},
      payloadHash: sha256Hex(""),
    };
    const signer = new Signer(service);
    const [all, at] = [{ ...keys, sessionToken }, new Date(time)];
    const headers = signer.signHeaders(request, all, "us-east-1", at);
    expect(headers["x-amz-security-token"]).toBe(sessionToken);
    expect(headers.authorization).toContain(
      `SignedHeaders=${withSessionToken.signedHeaders}, Signature=${withSessionToken.signature}`,
    );
    const url = signer.signUrl(request, all, "us-east-1", at, 3_600);
    expect(url.searchParams.get("X-Amz-Signature")).toBe(withSessionToken.querySignature);
    expect(url.searchParams.get("X-Amz-Security-Token")).toBe(sessionToken);
  });

  it("is in an address as AWS's own is", () => {
    const { presigned, keys, time } = S3_DOCS;
    const request = { method: "GET", url: new URL(presigned.url), headers: {}, payloadHash: UNSIGNED_PAYLOAD };
    const url = new Signer().signUrl(request, keys, "us-east-1", new Date(time), presigned.expiresInSeconds);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
      "X-Amz-Credential": presigned.credential,
      "X-Amz-Date": "20130524T000000Z",
      "X-Amz-Expires": String(presigned.expiresInSeconds),
      "X-Amz-SignedHeaders": "host",
      "X-Amz-Signature": presigned.signature,
    });
  });

  it("is another one for other keys, regions and days, whatever was signed before", () => {
    const { keys } = S3_DOCS;
    const request = { method: "GET", url: new URL(S3_DOCS.presigned.url), headers: {}, payloadHash: UNSIGNED_PAYLOAD };
    const signer = new Signer();
    const sign = (secretAccessKey: string, region: string, time: string) =>
      signer.signHeaders(request, { ...keys, secretAccessKey }, region, new Date(time)).authorization;
    const signed = [
      sign("one", "us-east-1", "2024-01-01T00:00:00Z"),
      sign("two", "us-east-1", "2024-01-01T00:00:00Z"),
      sign("one", "eu-west-1", "2024-01-01T00:00:00Z"),
      sign("one", "us-east-1", "2024-01-02T00:00:00Z"),
    ];
    expect(new Set(signed).size).toBe(4);
    expect(sign("one", "us-east-1", "2024-01-01T00:00:00Z")).toBe(signed[0]);
  });
});

describe("what is signed", () => {
  it("is encoded once, all but unreserved characters", () => {
    expect(encodeKey("a b/ü+%41/!'()*~-_.")).toBe("a%20b/%C3%BC%2B%2541/%21%27%28%29%2A~-_.");
  });

  it("has its query in order of encoded names, without what is undefined", () => {
    expect(encodeQuery({ b: "x y", a: 1, "a-b": "", B: undefined, "%": "=" })).toBe("%25=%3D&a=1&a-b=&b=x%20y");
  });
});
