import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";

/**
 * How the storage notices bytes that were changed on their way: CRC32 as AWS's own clients do it since 2025, SHA-256, or MD5, which every
 * storage knows.
 */
export type ChecksumKind = "crc32" | "sha256" | "md5" | "none";

const big32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

/** The header that carries the checksum of a body. */
export function checksumHeaders(kind: ChecksumKind, bytes: Uint8Array): Record<string, string> {
  if (kind === "crc32") return { "x-amz-checksum-crc32": big32(crc32(bytes)).toString("base64") };
  if (kind === "sha256") return { "x-amz-checksum-sha256": createHash("sha256").update(bytes).digest("base64") };
  if (kind === "md5") return { "content-md5": createHash("md5").update(bytes).digest("base64") };
  return {};
}

/** How an upload in parts says which checksum its parts will have; MD5 needs no saying. */
export const checksumAlgorithm = (kind: ChecksumKind): string | undefined =>
  kind === "crc32" ? "CRC32" : kind === "sha256" ? "SHA256" : undefined;

/** Compares the bytes of a whole object, as they come, with the checksum that was kept with it. */
export interface Verifier {
  update(bytes: Uint8Array): void;
  isRight(): boolean;
}

/** `undefined` where nothing was kept that can be compared. A checksum of checksums has a dash: it says nothing of the whole. */
export function verifierOf(headers: Readonly<Record<string, string>>): Verifier | undefined {
  const crc = headers["x-amz-checksum-crc32"];
  if (crc !== undefined && !crc.includes("-")) {
    let value = 0;
    return {
      update: (bytes) => {
        value = crc32(bytes, value);
      },
      isRight: () => big32(value).toString("base64") === crc,
    };
  }
  const sha = headers["x-amz-checksum-sha256"];
  if (sha === undefined || sha.includes("-")) return undefined;
  const hash = createHash("sha256");
  return { update: (bytes) => void hash.update(bytes), isRight: () => hash.digest("base64") === sha };
}
