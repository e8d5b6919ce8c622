import { beforeEach, describe, expect, it, vi } from "vitest";
import { s3ArtifactsOpener } from "../../../src/connect/s3-artifacts.ts";
import { fsBackend } from "../../../src/fs/index.ts";
import { connect } from "../../../src/index.ts";
import { temporaryDirectory } from "../../support/mlruns.ts";
import { say, scriptedServer } from "../../support/scripted-http.ts";
import { clearAwsEnvironment } from "../s3/environment.ts";

const EMPTY = say(200, "<ListBucketResult/>");

beforeEach(() => {
  clearAwsEnvironment();
  vi.stubEnv("AWS_ACCESS_KEY_ID", "id");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "secret");
});

describe("artifacts at s3: URIs", () => {
  it("open without waiting, and are reached as the environment says by the first call", async () => {
    const { url, received } = await scriptedServer(EMPTY);
    const open = s3ArtifactsOpener();
    const artifacts = open("s3://models/p");
    expect(artifacts?.uri).toBe("s3://models/p");
    expect(open("gs://models/p")).toBeUndefined();
    vi.stubEnv("MLFLOW_S3_ENDPOINT_URL", url);
    expect(await artifacts?.list()).toEqual([]);
    expect(received.map((request) => request.url)).toEqual([expect.stringMatching(/^\/models\?.*prefix=p%2F$/)]);
  });

  it("that cannot be opened say why, by every call, until they can", async () => {
    const { url } = await scriptedServer(EMPTY);
    vi.stubEnv("MLFLOW_S3_ENDPOINT_URL", "storage:9000");
    const artifacts = s3ArtifactsOpener()("s3://models/p");
    const refused = { code: "INVALID_PARAMETER_VALUE", message: expect.stringContaining("MLFLOW_S3_ENDPOINT_URL") };
    await expect(artifacts?.read("a")).rejects.toMatchObject(refused);
    await expect(artifacts?.delete("a")).rejects.toMatchObject(refused);
    vi.stubEnv("MLFLOW_S3_ENDPOINT_URL", url);
    expect(await artifacts?.list()).toEqual([]);
  });

  it("are opened for runs in a directory by connect, and by a backend that is told how", async () => {
    const { url, received } = await scriptedServer(EMPTY);
    vi.stubEnv("MLFLOW_S3_ENDPOINT_URL", url);
    const client = await connect(temporaryDirectory());
    expect(await client.backend.artifacts("s3://models/p").list()).toEqual([]);
    expect(received).toHaveLength(1);
    const directory = temporaryDirectory();
    const opened: string[] = [];
    const openArtifacts = (uri: string) => {
      opened.push(uri);
      return uri.startsWith("s3:") ? s3ArtifactsOpener()(uri) : undefined;
    };
    const backend = fsBackend({ directory, openArtifacts });
    expect(await backend.artifacts("s3://models/p").list()).toEqual([]);
    expect(() => backend.artifacts("gs://models/p")).toThrow(expect.objectContaining({ code: "NOT_IMPLEMENTED" }));
    expect(backend.artifacts(directory).uri).toMatch(/^file:/);
    expect(opened).toEqual(["s3://models/p", "gs://models/p"]);
    expect(() => fsBackend({ directory }).artifacts("s3://models/p")).toThrow(
      expect.objectContaining({ code: "NOT_IMPLEMENTED" }),
    );
    expect(() => fsBackend({ directory, openArtifacts: "s3" as never })).toThrow(
      expect.objectContaining({ code: "INVALID_PARAMETER_VALUE" }),
    );
  });
});
