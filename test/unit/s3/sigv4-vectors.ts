// What AWS publishes to test signers with.

const EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/** A request, and the signature that it must have. */
export interface SigningVector {
  readonly name: string;
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly payloadHash: string;
  readonly signedHeaders: string;
  readonly signature: string;
}

/**
 * "Signature calculations for the authorization header", Amazon S3 API Reference
 * (docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html), 24 May 2013, us-east-1, s3.
 */
export const S3_DOCS = {
  time: "2013-05-24T00:00:00Z",
  service: "s3",
  keys: { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" },
  /** The same book's "Authenticating requests: using query parameters": `/test.txt` for a day. */
  presigned: {
    url: "https://examplebucket.s3.amazonaws.com/test.txt",
    expiresInSeconds: 86_400,
    credential: "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request",
    signature: "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
  },
  vectors: [
    {
      name: "GET object",
      method: "GET",
      url: "https://examplebucket.s3.amazonaws.com/test.txt",
      headers: { range: "bytes=0-9", "x-amz-content-sha256": EMPTY },
      payloadHash: EMPTY,
      signedHeaders: "host;range;x-amz-content-sha256;x-amz-date",
      signature: "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    },
    {
      name: "PUT object",
      method: "PUT",
      url: "https://examplebucket.s3.amazonaws.com/test%24file.text",
      headers: {
        date: "Fri, 24 May 2013 00:00:00 GMT",
        "x-amz-content-sha256": "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
        "x-amz-storage-class": "REDUCED_REDUNDANCY",
      },
      payloadHash: "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
      signedHeaders: "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
      signature: "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
    },
    {
      name: "GET bucket lifecycle",
      method: "GET",
      url: "https://examplebucket.s3.amazonaws.com/?lifecycle=",
      headers: { "x-amz-content-sha256": EMPTY },
      payloadHash: EMPTY,
      signedHeaders: "host;x-amz-content-sha256;x-amz-date",
      signature: "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
    },
    {
      name: "GET bucket (list objects)",
      method: "GET",
      url: "https://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J",
      headers: { "x-amz-content-sha256": EMPTY },
      payloadHash: EMPTY,
      signedHeaders: "host;x-amz-content-sha256;x-amz-date",
      signature: "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
    },
  ] satisfies readonly SigningVector[],
} as const;

/** AWS's signing test suite as awslabs/aws-c-auth keeps it (tests/aws-signing-test-suite/v4, Apache-2.0), 30 August 2015, us-east-1. */
export const TEST_SUITE = {
  time: "2015-08-30T12:36:00Z",
  service: "service",
  keys: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" },
  sessionToken: "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267",
  /** `get-vanilla-with-session-token`: in headers, and in the query of an address for an hour. */
  withSessionToken: {
    signedHeaders: "host;x-amz-date;x-amz-security-token",
    signature: "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8",
    querySignature: "7ff2b50b376cb4d151970630573d6291dc128cc5c2a12ffb237f73cc53f67b6c",
  },
  vectors: [
    plain("get-utf8", "/%E1%88%B4", "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"),
    plain(
      "get-space-unnormalized",
      "/example%20space/",
      "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741",
    ),
    plain(
      "get-slashes-unnormalized",
      "//example//",
      "87cca117541a147f6df867677d98a7d80dff226d2bfca9e4ffa899665623c7e5",
    ),
    plain(
      "get-vanilla-query-order-encoded",
      "/?%E1%88%B4=Value1&Param=Value2&Param-3=Value3",
      "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac",
    ),
    plain(
      "get-vanilla-query-unreserved",
      "/?-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz=-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
      "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
    ),
    {
      ...plain("get-header-value-trim", "/", "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"),
      headers: { "my-header1": " value1", "my-header2": ' "a   b   c"' },
      signedHeaders: "host;my-header1;my-header2;x-amz-date",
    },
  ] satisfies readonly SigningVector[],
} as const;

function plain(name: string, path: string, signature: string): SigningVector {
  const url = `https://example.amazonaws.com${path}`;
  return { name, method: "GET", url, headers: {}, payloadHash: EMPTY, signedHeaders: "host;x-amz-date", signature };
}
