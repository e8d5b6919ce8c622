import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { parseS3Uri, urlOf } from "../../../src/s3/bucket-address.ts";
import { findSettings } from "../../../src/s3/s3-settings.ts";
import { parseIni } from "../../../src/s3/shared-config.ts";
import { temporaryDirectory } from "../../support/mlruns.ts";
import { clearAwsEnvironment } from "./environment.ts";

const invalid = expect.objectContaining({ code: "INVALID_PARAMETER_VALUE" });

let home: string;
beforeEach(() => {
  home = clearAwsEnvironment();
});

function writeAws(files: { readonly config?: string; readonly credentials?: string }): void {
  mkdirSync(join(home, ".aws"), { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(home, ".aws", name), text);
}

describe("where a storage is", () => {
  it("is AWS, in us-east-1, where nobody says otherwise", () => {
    expect(findSettings({})).toMatchObject({
      endpoint: undefined,
      region: "us-east-1",
      isPathStyle: undefined,
      checksum: "crc32",
      maxRetries: 7,
      headers: {},
    });
  });

  it("is said by options, MLflow, AWS's variables and AWS's files, in this order", () => {
    const endpointOf = (options = {}) => findSettings(options).endpoint?.href;
    const services = "[services here]\ns3 =\n  endpoint_url = http://services/\n";
    writeAws({ config: `[default]\nendpoint_url = http://profile/\n${services}` });
    expect(endpointOf()).toBe("http://profile/");
    writeAws({ config: `[default]\nendpoint_url = http://profile/\nservices = here\n${services}` });
    expect(endpointOf()).toBe("http://services/");
    vi.stubEnv("AWS_ENDPOINT_URL", "http://aws");
    expect(endpointOf()).toBe("http://aws/");
    vi.stubEnv("AWS_ENDPOINT_URL_S3", "http://aws-s3");
    expect(endpointOf()).toBe("http://aws-s3/");
    vi.stubEnv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true");
    expect(endpointOf()).toBeUndefined();
    vi.stubEnv("MLFLOW_S3_ENDPOINT_URL", "http://mlflow");
    expect(endpointOf()).toBe("http://mlflow/");
    expect(endpointOf({ endpoint: "https://option" })).toBe("https://option/");
  });

  it("has a region by option, variable and profile", () => {
    const regionOf = (options = {}) => findSettings(options).region;
    writeAws({ config: "[default]\nregion = eu-central-1\n[profile other]\nregion = eu-north-1\n" });
    expect(regionOf()).toBe("eu-central-1");
    expect(regionOf({ profile: "other" })).toBe("eu-north-1");
    vi.stubEnv("AWS_PROFILE", "other");
    expect(regionOf()).toBe("eu-north-1");
    vi.stubEnv("AWS_DEFAULT_REGION", "ap-south-1");
    expect(regionOf()).toBe("ap-south-1");
    vi.stubEnv("AWS_REGION", "sa-east-1");
    expect(regionOf()).toBe("sa-east-1");
    expect(regionOf({ region: "auto" })).toBe("auto");
  });

  it.each([
    ["AWS_REGION", "evil.example/"],
    ["MLFLOW_S3_ENDPOINT_URL", "ftp://host"],
    ["MLFLOW_S3_ENDPOINT_URL", "storage:9000"],
    ["AWS_ENDPOINT_URL", "http://user:secret@host"],
    ["AWS_PROFILE", "nobody"],
    ["AWS_CA_BUNDLE", "/no/such/file.pem"],
    ["MLFLOW_S3_UPLOAD_EXTRA_ARGS", "{"],
    ["MLFLOW_S3_UPLOAD_EXTRA_ARGS", "[]"],
    ["MLFLOW_S3_UPLOAD_EXTRA_ARGS", '{"SSECustomerKey":"x"}'],
    ["MLFLOW_S3_UPLOAD_EXTRA_ARGS", '{"ContentType":"a\\nb"}'],
  ])("is refused for %s=%s", (name, value) => {
    vi.stubEnv(name, value);
    expect(() => findSettings({})).toThrow(invalid);
  });

  it("takes MLflow's and AWS's other variables", () => {
    vi.stubEnv("AWS_MAX_ATTEMPTS", "3");
    vi.stubEnv("MLFLOW_S3_EXPECTED_BUCKET_OWNER", "123456789012");
    vi.stubEnv("MLFLOW_S3_ENDPOINT_URL", "https://storage.example");
    vi.stubEnv("MLFLOW_S3_IGNORE_TLS", "true");
    vi.stubEnv("TIDEMARK_LOG", "silent");
    expect(findSettings({})).toMatchObject({
      maxRetries: 2,
      headers: { "x-amz-expected-bucket-owner": "123456789012" },
      network: { tls: { isInsecure: true } },
      checksum: "md5",
    });
    vi.stubEnv("MLFLOW_S3_UPLOAD_EXTRA_ARGS", '{"ServerSideEncryption":"aws:kms","BucketKeyEnabled":true}');
    const encryption = {
      "x-amz-server-side-encryption": "aws:kms",
      "x-amz-server-side-encryption-bucket-key-enabled": "true",
    };
    expect(findSettings({}).uploadHeaders).toEqual(encryption);
    expect(findSettings({ uploadHeaders: { "x-amz-storage-class": "GLACIER_IR" } }).uploadHeaders).toEqual({
      "x-amz-storage-class": "GLACIER_IR",
    });
    vi.stubEnv("AWS_REQUEST_CHECKSUM_CALCULATION", "WHEN_SUPPORTED");
    expect(findSettings({}).checksum).toBe("crc32");
  });
});

describe("AWS's files", () => {
  it("have sections, comments, and settings below settings", () => {
    const sections = parseIni(
      "\uFEFF# first\r\n[profile  a b]\r\nRegion = x ; why\r\nkey=a=b#c\r\ns3 =\r\n    addressing_style = path\r\n  \r\nlast = 1\r\n\r\n[default]\nlost\n  lost = too\n",
    );
    const profile = sections.get("profile a b");
    expect(Object.fromEntries(profile?.settings ?? [])).toEqual({ region: "x", key: "a=b#c", last: "1" });
    expect(Object.fromEntries(profile?.groups.get("s3") ?? [])).toEqual({ addressing_style: "path" });
    expect(sections.get("default")?.settings.size).toBe(0);
  });

  it("are where their variables say", () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, "c"), "[default]\nregion = eu-west-3\n");
    vi.stubEnv("AWS_CONFIG_FILE", join(directory, "c"));
    expect(findSettings({}).region).toBe("eu-west-3");
  });

  it("that are no files are said so", () => {
    vi.stubEnv("AWS_CONFIG_FILE", temporaryDirectory());
    expect(() => findSettings({})).toThrow(invalid);
  });
});

describe("an address", () => {
  const at = (
    bucket: string,
    options: { endpoint?: string; region?: string; forcePathStyle?: boolean } = {},
    key = "k",
  ) => {
    const { endpoint, isPathStyle, region } = findSettings(options);
    return urlOf({ endpoint, isPathStyle, bucket }, region, key).href;
  };

  it("has the bucket in its host at AWS, where a host can have it", () => {
    expect(at("models")).toBe("https://models.s3.us-east-1.amazonaws.com/k");
    expect(at("models", { region: "cn-north-1" })).toBe("https://models.s3.cn-north-1.amazonaws.com.cn/k");
    expect(at("my.models")).toBe("https://s3.us-east-1.amazonaws.com/my.models/k");
    expect(at("Old_Bucket")).toBe("https://s3.us-east-1.amazonaws.com/Old_Bucket/k");
    expect(at("models", { forcePathStyle: true })).toBe("https://s3.us-east-1.amazonaws.com/models/k");
  });

  it("has it in its path elsewhere, unless somebody says otherwise", () => {
    expect(at("models", { endpoint: "http://127.0.0.1:9000" })).toBe("http://127.0.0.1:9000/models/k");
    expect(at("models", { endpoint: "https://storage.example/s3/" })).toBe("https://storage.example/s3/models/k");
    expect(at("models", { endpoint: "https://storage.example:8443", forcePathStyle: false })).toBe(
      "https://models.storage.example:8443/k",
    );
    vi.stubEnv("MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE", "virtual");
    expect(at("models", { endpoint: "https://storage.example" })).toBe("https://models.storage.example/k");
    vi.stubEnv("MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE", "path");
    expect(at("models")).toBe("https://s3.us-east-1.amazonaws.com/models/k");
  });

  it("has it in its path where no host can have it, whatever is said", () => {
    const forcePathStyle = false;
    expect(at("models", { endpoint: "http://127.0.0.1:9000", forcePathStyle })).toBe("http://127.0.0.1:9000/models/k");
    expect(at("models", { endpoint: "http://[::1]:9000", forcePathStyle })).toBe("http://[::1]:9000/models/k");
    expect(at("Models", { forcePathStyle })).toBe("https://s3.us-east-1.amazonaws.com/Models/k");
    expect(at("my.models", { forcePathStyle })).toBe("https://my.models.s3.us-east-1.amazonaws.com/k");
  });

  it("keeps keys as they are", () => {
    const endpoint = "http://h";
    expect(at("models", { endpoint }, "a//b/ü ?#%2e+")).toBe("http://h/models/a//b/%C3%BC%20%3F%23%252e%2B");
  });

  it("is read from a URI, of which nothing is decoded", () => {
    expect(parseS3Uri("s3://models/a%20b/c?d#e/")).toEqual({ bucket: "models", prefix: "a%20b/c?d#e" });
    expect(parseS3Uri("S3://models")).toEqual({ bucket: "models", prefix: "" });
    expect(parseS3Uri("s3://models//x/")).toEqual({ bucket: "models", prefix: "x" });
  });

  it.each([
    "s3://",
    "s3:///x",
    "s3://a",
    "s3://a b/c",
    "s3://a@b/c",
    "gs://models/x",
    "s3://models/a/../b",
    "s3://models/.",
    "s3://arn:aws:x/y",
    "s3://a..b/c",
  ])("is refused for %s", (uri) => {
    expect(() => parseS3Uri(uri)).toThrow(invalid);
  });
});
