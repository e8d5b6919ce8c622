import { packModel } from "../models/archive/pack-model.ts";
import { unpackModel } from "../models/archive/unpack-model.ts";
import type { TransferWatch } from "../tracking/artifact-transfers.ts";
import { interruptible } from "./interrupt.ts";
import { withProgress } from "./progress.ts";
import type { Session } from "./session.ts";
import { safeText } from "./text.ts";

const PERCENT = 100;

interface Places {
  readonly directory: string;
  readonly archive: string;
}

interface UnpackPlaces extends Places {
  readonly overwrite?: boolean;
}

/** `tidemark models pack`: answers the line that `sha256sum --check` takes. */
export function packArchive(session: Session, { directory, archive }: Places): Promise<number | undefined> {
  return interruptible(async (signal) => {
    const packed = await watched(session, "percent packed", (onProgress) =>
      packModel(directory, archive, { signal, onProgress }),
    );
    if (session.json) session.out.json(packed);
    else session.out.lines([`${packed.sha256}  ${safeText(packed.file)}`]);
    return undefined;
  });
}

/** `tidemark models unpack` */
export function unpackArchive(session: Session, options: UnpackPlaces): Promise<number | undefined> {
  const { archive, directory, overwrite = false } = options;
  return interruptible(async (signal) => {
    const place = await watched(session, "percent unpacked", (onProgress) =>
      unpackModel(archive, directory, { signal, onProgress, overwrite }),
    );
    if (session.json) session.out.json({ directory: place });
    else session.out.lines([safeText(place)]);
    return undefined;
  });
}

/** With a bar of a hundred parts: how many bytes there are is known when the first of them is done. */
function watched<T>(
  session: Session,
  what: string,
  work: (onProgress: NonNullable<TransferWatch["onProgress"]>) => Promise<T>,
): Promise<T> {
  let shown = 0;
  return withProgress(session, what, PERCENT, (advance) =>
    work(({ transferredBytes, totalBytes }) => {
      const percent = Math.floor((PERCENT * transferredBytes) / totalBytes);
      if (percent > shown) advance(percent - shown);
      shown = percent;
    }),
  );
}
