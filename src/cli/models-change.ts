import { downloadModel } from "../registry/download-model.ts";
import { register } from "../registry/register.ts";
import { uriOfVersion } from "../registry/versions.ts";
import { withTransferProgress } from "./progress.ts";
import { type Session, withClient } from "./session.ts";
import { safeText } from "./text.ts";

/** What `tidemark models register` is told. */
export interface RegisterArguments {
  readonly model: string;
  readonly name: string;
  readonly alias?: string;
  readonly description?: string;
  readonly tag?: Readonly<Record<string, string>>;
}

/** `tidemark models register` */
export async function registerModel(session: Session, given: RegisterArguments): Promise<undefined> {
  const { model, name, alias, description, tag: tags } = given;
  const version = await withClient(session, (client) =>
    withTransferProgress(session, "uploading", (onProgress) =>
      register(model, name, { client, alias, description, tags, onProgress }),
    ),
  );
  if (session.json) session.out.json(version);
  else session.out.lines([safeText(uriOfVersion(version))]);
  return undefined;
}

/** `tidemark models alias`; without a version the alias is deleted. */
export async function changeAlias(
  session: Session,
  { name, alias, version }: { readonly name: string; readonly alias: string; readonly version?: number },
): Promise<undefined> {
  const pointed = await withClient(session, async ({ registry }) => {
    if (version === undefined) await registry.deleteAlias({ name, alias });
    else await registry.setAlias({ name, alias, version });
    return version === undefined ? null : await registry.getVersion({ name, version });
  });
  if (session.json) session.out.json({ name, alias, version: pointed });
  else if (pointed !== null) session.out.lines([safeText(`models:/${name}@${alias} is ${uriOfVersion(pointed)}`)]);
  return undefined;
}

/** `tidemark models download` */
export async function downloadTo(
  session: Session,
  { model, directory: destination, overwrite }: { model: string; directory: string; overwrite?: boolean },
): Promise<undefined> {
  const directory = await withClient(session, (client) =>
    withTransferProgress(session, "downloading", (onProgress) =>
      downloadModel(model, { client, destination, onProgress, ...(overwrite === undefined ? {} : { overwrite }) }),
    ),
  );
  if (session.json) session.out.json({ uri: model, directory });
  else session.out.lines([safeText(directory)]);
  return undefined;
}
