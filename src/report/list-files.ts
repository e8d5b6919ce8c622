import { relativePathProblem } from "../base/paths.ts";
import type { ArtifactStore } from "../contract/artifact-store.ts";
import type { Omissions } from "./omissions.ts";
import type { ReportFile } from "./payload.ts";

/** More files than anybody reads, and more requests than a server should get for one report. */
const MOST_FILES = 5_000;
const MOST_DIRECTORIES = 500;

/** The files of a run, as far as they can be listed; parents before what is in them. */
export async function listFiles(store: ArtifactStore, runId: string, omissions: Omissions): Promise<ReportFile[]> {
  const files: ReportFile[] = [];
  const directories: (string | undefined)[] = [undefined];
  for (let next = 0; next < directories.length; next++) {
    if (next >= MOST_DIRECTORIES || files.length >= MOST_FILES) {
      const why = `only the first ${files.length.toLocaleString("en")} files are listed`;
      omissions.add({ what: "file", runId, name: directories[next] ?? "", why });
      break;
    }
    for (const { path, isDirectory, sizeBytes = 0 } of await store.list(directories[next])) {
      // A name that climbs out of its directory is somebody's trap.
      if (relativePathProblem(path) !== undefined) continue;
      if (isDirectory) directories.push(path);
      else files.push({ path, sizeBytes });
    }
  }
  return files.slice(0, MOST_FILES).sort((a, b) => (a.path < b.path ? -1 : 1));
}
