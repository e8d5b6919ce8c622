import type { ArtifactStore } from "../contract/artifact-store.ts";

type Call = Exclude<keyof ArtifactStore, "uri">;

/** Artifacts behind code that is loaded when the first call needs it. */
export function lazyArtifactStore(uri: string, load: () => Promise<ArtifactStore>): ArtifactStore {
  const later = <Name extends Call>(name: Name): ArtifactStore[Name] => {
    const call = async (...input: never[]) => {
      const store = await load();
      return await (store[name] as (...input: never[]) => unknown).apply(store, input);
    };
    return call as ArtifactStore[Name];
  };
  return {
    uri,
    list: later("list"),
    upload: later("upload"),
    write: later("write"),
    download: later("download"),
    read: later("read"),
    delete: later("delete"),
  };
}
