import { onTestFinished, vi } from "vitest";
import { temporaryDirectory } from "../../support/mlruns.ts";

/** The environment of whoever runs the tests must not decide them. Answers the home directory of this test, which is empty. */
export function clearAwsEnvironment(): string {
  for (const name of Object.keys(process.env))
    if (/^(AWS_|MLFLOW_S3_|MLFLOW_BOTO_|MLFLOW_EXPERIMENTAL_S3_)|_proxy$/i.test(name)) vi.stubEnv(name, "");
  const home = temporaryDirectory();
  vi.stubEnv("HOME", home);
  onTestFinished(() => void vi.unstubAllEnvs());
  return home;
}
