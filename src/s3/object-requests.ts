/** What every request takes. */
export interface S3RequestOptions {
  readonly signal?: AbortSignal | undefined;
}

/** What is kept with an object. */
export interface PutOptions extends S3RequestOptions {
  /** `content-type`, `x-amz-storage-class`, …: names in lower case. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Told the bytes as they leave. */
  readonly onBytes?: ((count: number) => void) | undefined;
}

/** What must be so for a write to happen: nothing is there yet, or what is there has still this ETag. */
export type WriteCondition = { readonly ifAbsent: true } | { readonly ifMatch: string };

/** How a write with a condition went. */
export type ConditionalOutcome =
  | { readonly status: "written"; readonly etag: string }
  | {
      readonly status: "refused";
      /** An earlier try of the same call may have written, and somebody else may have written over it. */
      readonly mayHaveWritten: boolean;
    };

/** What is known of an object without its bytes. */
export interface ObjectInfo {
  readonly sizeBytes: number;
  readonly etag: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A part of an object: from the byte `from` up to `to`, which is not one of them. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

export interface GetOptions extends S3RequestOptions {
  readonly range?: ByteRange | undefined;
  /** Refused with `INVALID_STATE` where the object has another ETag by now. */
  readonly ifMatch?: string | undefined;
}

export interface ListOptions extends S3RequestOptions {
  readonly prefix?: string;
  /** What separates directories: keys with it behind the prefix are answered as one prefix each. */
  readonly delimiter?: string;
  readonly startAfter?: string;
  /** At most, and by default, 1,000. */
  readonly maxKeys?: number;
  readonly continuationToken?: string | undefined;
}

export interface PresignOptions {
  readonly method?: "GET" | "PUT" | "HEAD" | "DELETE";
  /** How long the address works, in seconds, at most a week. Default: 900. */
  readonly expiresInSeconds?: number;
  /** Headers that must be sent with it. Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
}
