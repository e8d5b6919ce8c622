/** One entry below an artifact root. */
export interface ArtifactInfo {
  /** Relative to the root, with forward slashes. */
  readonly path: string;
  readonly isDirectory: boolean;
  /** Absent for directories. */
  readonly sizeBytes?: number;
}

/** What every transfer of bytes takes. */
export interface TransferControl {
  /** Stops the transfer; what was half written is removed. */
  readonly signal?: AbortSignal;
  /** Called with the size of every piece that has arrived. */
  readonly onBytes?: (count: number) => void;
}

/** The files of one run, below one root. Paths are checked relative paths; a missing one is `RESOURCE_DOES_NOT_EXIST`. */
export interface ArtifactStore {
  readonly uri: string;
  /** The direct children of a directory, sorted by path; empty where there is none. */
  list(directory?: string): Promise<readonly ArtifactInfo[]>;
  /** Readers see either the old file or the whole new one. */
  upload(localFile: string, path: string, control?: TransferControl): Promise<void>;
  /** The same for bytes in memory. */
  write(path: string, bytes: Uint8Array, control?: TransferControl): Promise<void>;
  download(path: string, localFile: string, control?: TransferControl): Promise<void>;
  read(path: string, control?: TransferControl): Promise<Uint8Array>;
  /** A file, or a directory with all it holds. */
  delete(path: string): Promise<void>;
}
