import { strangeOnWindows } from "../../base/local-paths.ts";
import { relativePathProblem } from "../../base/paths.ts";

// What the systems we run on allow in all: macOS has the shortest paths. Depth is bounded because every folder is remembered.
const MOST_PATH_BYTES = 1_024;
const MOST_FOLDERS = 32;

interface Place {
  readonly name: string;
  readonly isFile: boolean;
}

/**
 * The names of one archive. They must mean the same files on every system: below the root, and no two of them one file where case
 * and Unicode's forms make no difference.
 */
export class EntryNames {
  readonly #places = new Map<string, Place>();
  readonly #listedDirectories = new Set<string>();

  /** Adds a name, a directory's without its last slash, and answers what is wrong with it. */
  add(name: string, isFile: boolean): string | undefined {
    const problem = nameProblem(name) ?? this.#addFolders(name);
    if (problem !== undefined) return problem;
    if (!isFile) {
      if (this.#listedDirectories.has(name)) return "is there twice";
      this.#listedDirectories.add(name);
    }
    return this.#place({ name, isFile });
  }

  #addFolders(name: string): string | undefined {
    // From the inside out: where the folder is known, so are those around it.
    for (let end = name.lastIndexOf("/"); end > 0; end = name.lastIndexOf("/", end - 1)) {
      const folder = name.slice(0, end);
      const known = this.#places.get(meaning(folder));
      if (known?.name === folder && !known.isFile) return undefined;
      const problem = this.#place({ name: folder, isFile: false });
      if (problem !== undefined) return `lies in ${JSON.stringify(folder)}, which ${problem}`;
    }
    return undefined;
  }

  #place(place: Place): string | undefined {
    const key = meaning(place.name);
    const known = this.#places.get(key);
    if (known === undefined) {
      this.#places.set(key, place);
      return undefined;
    }
    if (known.name !== place.name) return `is the same name as ${JSON.stringify(known.name)} on some systems`;
    if (known.isFile !== place.isFile) return "is a file and a directory";
    return place.isFile ? "is there twice" : undefined;
  }
}

function nameProblem(name: string): string | undefined {
  const problem = relativePathProblem(name);
  if (problem !== undefined) return problem;
  if (Buffer.byteLength(name) > MOST_PATH_BYTES) return `is longer than ${MOST_PATH_BYTES} bytes`;
  const segments = name.split("/");
  if (segments.length > MOST_FOLDERS + 1) return `lies in more than ${MOST_FOLDERS} folders`;
  if (/\p{Surrogate}/u.test(name)) return "is no Unicode text";
  const strange = strangeOnWindows(name);
  return strange === undefined
    ? undefined
    : `has a segment ${JSON.stringify(strange)} that Windows takes for something else`;
}

/** The same text for all spellings that some file system takes for one. */
const meaning = (name: string): string => name.normalize("NFC").toUpperCase().toLowerCase().normalize("NFC");
