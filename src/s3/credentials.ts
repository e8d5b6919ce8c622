import { hiddenEnvNote, readEnv } from "../base/env.ts";
import { messageOf, TidemarkError } from "../base/errors.ts";
import type { AwsCredentialProvider, AwsIdentity, S3Options } from "./s3-options.ts";
import type { SharedConfig } from "./shared-config.ts";
import type { AwsKeys } from "./sigv4.ts";

/** Where keys come from. */
export interface CredentialSource {
  /** Who that is, as far as it is known without asking, and stays the same: keys that last for some hours have another name each time. */
  readonly identity: string;
  /** `undefined` for nobody: requests are not signed. @throws {TidemarkError} `UNAUTHENTICATED` where there are none */
  keys(): Promise<AwsKeys | undefined>;
  /** The storage says that these have expired. Answers whether others may be had. */
  forget(refused: AwsKeys | undefined): boolean;
}

/** New keys are asked for before the old ones expire: a request takes its time, and clocks differ. */
const EARLY_MS = 60_000;

/** The package that knows all other ways: SSO, roles, web identity, containers, EC2, programs. */
const PROVIDER_PACKAGE = "@aws-sdk/credential-provider-node";

type LoadProvider = (options: { readonly profile: string }) => Promise<AwsCredentialProvider>;

/**
 * The first of: options; `AWS_ACCESS_KEY_ID` with `AWS_SECRET_ACCESS_KEY`, unless a profile was asked for by option; the profile's
 * keys; what the AWS SDK's own chain finds.
 */
export function findCredentials(
  { credentials, profile }: Pick<S3Options, "credentials" | "profile">,
  config: () => SharedConfig,
  loadProvider: LoadProvider = loadSdkProvider,
): CredentialSource {
  if (credentials === "anonymous" || (credentials === undefined && isUnsignedByEnvironment())) return NOBODY;
  if (typeof credentials === "function") return renewable("function", async () => credentials);
  if (credentials !== undefined) return fixed(credentials);
  const ofEnvironment = profile === undefined ? keysOfEnvironment() : undefined;
  if (ofEnvironment !== undefined) return fixed(ofEnvironment);
  const { profile: name, settings } = config();
  const [accessKeyId, secretAccessKey] = [settings.get("aws_access_key_id"), settings.get("aws_secret_access_key")];
  // A role is taken with other keys than the profile's own.
  if (accessKeyId !== undefined && secretAccessKey !== undefined && !settings.has("role_arn"))
    return fixed({ accessKeyId, secretAccessKey, sessionToken: settings.get("aws_session_token") });
  return renewable(`profile ${name}`, () => loadProvider({ profile: name }));
}

/** MLflow's word for public buckets. */
const isUnsignedByEnvironment = () => readEnv("MLFLOW_EXPERIMENTAL_S3_SIGNATURE_VERSION")?.toLowerCase() === "unsigned";

function keysOfEnvironment(): AwsKeys | undefined {
  const [accessKeyId, secretAccessKey] = [readEnv("AWS_ACCESS_KEY_ID"), readEnv("AWS_SECRET_ACCESS_KEY")];
  if (accessKeyId === undefined || secretAccessKey === undefined) return undefined;
  return { accessKeyId, secretAccessKey, sessionToken: readEnv("AWS_SESSION_TOKEN") };
}

const fixed = (keys: AwsKeys | undefined): CredentialSource => ({
  identity: keys === undefined ? "nobody" : keys.sessionToken === undefined ? keys.accessKeyId : "temporary",
  keys: async () => keys,
  forget: () => false,
});

const NOBODY: CredentialSource = fixed(undefined);

function renewable(identity: string, load: () => Promise<AwsCredentialProvider>): CredentialSource {
  let provider: Promise<AwsCredentialProvider> | undefined;
  let current: Promise<AwsIdentity> | undefined;
  let known: AwsIdentity | undefined;
  let isRefused = false;
  const ask = async (): Promise<AwsIdentity> => {
    provider ??= load();
    const identity: Partial<AwsIdentity> = (await (await provider)({ forceRefresh: isRefused })) ?? {};
    const { accessKeyId, secretAccessKey, sessionToken, expiration } = identity;
    if (typeof accessKeyId !== "string" || typeof secretAccessKey !== "string")
      throw new TidemarkError("UNAUTHENTICATED", "the credentials function answers no keys");
    isRefused = false;
    return { accessKeyId, secretAccessKey, sessionToken, expiration };
  };
  return {
    identity,
    keys: async () => {
      const expiresMs = known?.expiration?.getTime() ?? Number.POSITIVE_INFINITY;
      if (Date.now() > expiresMs - EARLY_MS) {
        current = undefined;
        known = undefined;
      }
      current ??= ask();
      try {
        known = await current;
        return known;
      } catch (error) {
        current = undefined;
        provider = undefined;
        if (error instanceof TidemarkError) throw error;
        const message = `cannot get AWS credentials: ${messageOf(error)}`;
        throw new TidemarkError("UNAUTHENTICATED", message, { cause: error });
      }
    },
    forget: (refused) => {
      // Of many requests that are refused at once, the first has others fetched for all of them.
      if (refused === known) {
        current = undefined;
        isRefused = true;
      }
      return true;
    },
  };
}

async function loadSdkProvider(options: { readonly profile: string }): Promise<AwsCredentialProvider> {
  // Not a literal: bundlers would want the package, which is optional.
  const name: string = PROVIDER_PACKAGE;
  let sdk: { defaultProvider(options: { profile: string }): AwsCredentialProvider };
  try {
    sdk = await import(name);
  } catch (error) {
    const message = `no AWS credentials: neither AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY nor keys in profile "${options.profile}". For SSO, roles, web identity, containers and EC2, install ${PROVIDER_PACKAGE}; for public buckets, use credentials "anonymous"${hiddenEnvNote("AWS_ACCESS_KEY_ID")}`;
    throw new TidemarkError("UNAUTHENTICATED", message, { cause: error });
  }
  return sdk.defaultProvider(options);
}
