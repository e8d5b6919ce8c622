import type { ArtifactStore } from "../../src/contract/artifact-store.ts";
import type { Backend } from "../../src/contract/backend.ts";
import { TidemarkError } from "../../src/index.ts";

/** A backend whose uploads of some files fail as long as the test says so. */
export interface FailingUploads {
  readonly backend: Backend;
  /** Asked for every upload. */
  fails: (path: string) => boolean;
  /** Paths that were uploaded whole, in order. */
  readonly uploaded: string[];
}

export function withFailingUploads(backend: Backend): FailingUploads {
  const state: FailingUploads = {
    backend: { ...backend, artifacts: (uri) => failingStore(backend.artifacts(uri), state) },
    fails: () => false,
    uploaded: [],
  };
  return state;
}

function failingStore(store: ArtifactStore, state: FailingUploads): ArtifactStore {
  return {
    uri: store.uri,
    list: (directory) => store.list(directory),
    write: (path, bytes, control) => store.write(path, bytes, control),
    download: (path, file, control) => store.download(path, file, control),
    read: (path, control) => store.read(path, control),
    delete: (path) => store.delete(path),
    upload: async (file, path, control) => {
      if (state.fails(path)) throw new TidemarkError("STORAGE_FULL", `no space for ${path}`);
      await store.upload(file, path, control);
      state.uploaded.push(path);
    },
  };
}
