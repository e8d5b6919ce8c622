// A backend of one's own: runs in files, their artifacts in a blob store. Put Azure, GCS or a database behind these four calls.
import { readFile, writeFile } from "node:fs/promises";
import { checkRelativePath, noSuchArtifact, transferCancelled } from "tidemark/backend";
import { fsBackend } from "tidemark/fs";

/** @param blobs `{ put(name, bytes), get(name), list(prefix), delete(name) }`, all of them async */
export function blobBackend({ directory, blobs }) {
  // The directory's own way to delete for good would leave the blobs behind.
  const { garbage: _, ...runs } = fsBackend({ directory });
  return { ...runs, artifacts: (uri) => blobArtifacts(uri, blobs) };
}

function blobArtifacts(uri, blobs) {
  const nameOf = (path) => `${uri}/${checkRelativePath("artifact path", path)}`;
  const write = async (path, bytes, { signal, onBytes } = {}) => {
    const name = nameOf(path);
    if (signal?.aborted) throw transferCancelled(signal);
    await blobs.put(name, bytes);
    onBytes?.(bytes.length);
  };
  const read = async (path, { signal, onBytes } = {}) => {
    const bytes = await blobs.get(nameOf(path));
    if (bytes === undefined) throw noSuchArtifact(path, uri);
    if (signal?.aborted) throw transferCancelled(signal);
    onBytes?.(bytes.length);
    return bytes;
  };
  return {
    uri,
    write,
    read,
    upload: async (localFile, path, control) => write(path, await readFile(localFile), control),
    download: async (path, localFile, control) => writeFile(localFile, await read(path, control)),
    list: async (directory) => {
      const prefix = directory === undefined ? `${uri}/` : `${nameOf(directory)}/`;
      const children = new Map();
      for (const { name, sizeBytes } of await blobs.list(prefix)) {
        const [child, ...below] = name.slice(prefix.length).split("/");
        const path = directory === undefined ? child : `${directory}/${child}`;
        children.set(path, below.length > 0 ? { path, isDirectory: true } : { path, isDirectory: false, sizeBytes });
      }
      return [...children.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
    },
    delete: async (path) => {
      const name = nameOf(path);
      const doomed = (await blobs.list(name)).filter((blob) => blob.name === name || blob.name.startsWith(`${name}/`));
      if (doomed.length === 0) throw noSuchArtifact(path, uri);
      for (const blob of doomed) await blobs.delete(blob.name);
    },
  };
}
