export { s3Artifacts } from "./s3-artifacts.ts";
export { type S3BackendOptions, s3Backend } from "./s3-backend.ts";
export type { AwsCredentialProvider, AwsIdentity, S3Options } from "./s3-options.ts";
export type { AwsKeys } from "./sigv4.ts";
export type { S3StoreOptions } from "./store/s3-store-options.ts";
