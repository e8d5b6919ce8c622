import { readEnv, readEnvFlag } from "../base/env.ts";
import type { ServerInfo } from "./server-info.ts";

const MIB = 2 ** 20;

/** Whether a file of this size goes up in parts: where the server takes nothing else, or offers it for a file this large. */
export function goesUpInParts({ isPresignedOnly, signsUploads }: ServerInfo, sizeBytes: number): boolean {
  const minimumBytes = bytesOf("MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE") ?? 500 * MIB;
  const isOffered = flagOf("MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD") ?? signsUploads;
  return isPresignedOnly || (isOffered && sizeBytes >= minimumBytes);
}

/** Whether files come from the storage behind the server, of whatever size, as in Python. */
export const comesFromStorage = ({ isPresignedOnly, signsDownloads }: ServerInfo): boolean =>
  isPresignedOnly || (flagOf("MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD") ?? signsDownloads);

export const uploadPartBytes = (): number => bytesOf("MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE") ?? 10 * MIB;

export const downloadPartBytes = (): number => bytesOf("MLFLOW_MULTIPART_DOWNLOAD_CHUNK_SIZE") ?? 100 * MIB;

/** A client's own word counts more than the server's. */
const flagOf = (name: string): boolean | undefined => (readEnv(name) === undefined ? undefined : readEnvFlag(name));

function bytesOf(name: string): number | undefined {
  const bytes = Number(readEnv(name));
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : undefined;
}
