export { s3Artifacts } from "./s3-artifacts.ts";
export type { AwsCredentialProvider, AwsIdentity, S3Options } from "./s3-options.ts";
export type { AwsKeys } from "./sigv4.ts";
