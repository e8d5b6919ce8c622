import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readEnv } from "../base/env.ts";
import { describe, messageOf, systemCodeOf, TidemarkError } from "../base/errors.ts";
import { homeDirectory } from "../base/user-places.ts";

/** A profile, or a part of one: what is set, with names in lower case. */
export type ConfigSection = ReadonlyMap<string, string>;

/** What AWS's two files say of one profile. */
export interface SharedConfig {
  readonly profile: string;
  /** From either file; the one with credentials wins. */
  readonly settings: ConfigSection;
  /** What is nested below a setting: the `s3` of `addressing_style`. */
  nested(name: string): ConfigSection;
  /** What is nested in the profile's `services` section. */
  service(name: string): ConfigSection;
}

const NOTHING: ConfigSection = new Map();
/** A file of profiles has some KiB. */
const LARGEST_FILE_BYTES = 1 << 20;

/**
 * Reads `~/.aws/config` and `~/.aws/credentials`, or what `AWS_CONFIG_FILE` and `AWS_SHARED_CREDENTIALS_FILE` name. A file that is not
 * there is empty.
 *
 * @param profile - Default: `AWS_PROFILE`, else `default`.
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE` for a profile that was asked for and is in neither file, and for a file that cannot
 *   be read
 */
export function readSharedConfig(profile: string | undefined): SharedConfig {
  const chosen = profile ?? readEnv("AWS_PROFILE");
  const name = chosen ?? "default";
  const config = readIni("AWS_CONFIG_FILE", "config");
  const credentials = readIni("AWS_SHARED_CREDENTIALS_FILE", "credentials");
  const ofConfig = config.get(`profile ${name}`) ?? (name === "default" ? config.get(name) : undefined);
  const ofCredentials = credentials.get(name);
  if (chosen !== undefined && ofConfig === undefined && ofCredentials === undefined) {
    const source = profile === undefined ? "AWS_PROFILE" : "profile";
    const message = `${source}: there is no profile ${describe(name)} in AWS's configuration and credentials files`;
    throw new TidemarkError("INVALID_PARAMETER_VALUE", message, { details: { argument: source } });
  }
  const settings = new Map([...(ofConfig?.settings ?? NOTHING), ...(ofCredentials?.settings ?? NOTHING)]);
  const services = config.get(`services ${settings.get("services") ?? ""}`);
  return {
    profile: name,
    settings,
    nested: (group) => ofConfig?.groups.get(group) ?? NOTHING,
    service: (group) => services?.groups.get(group) ?? NOTHING,
  };
}

interface IniSection {
  readonly settings: Map<string, string>;
  readonly groups: Map<string, Map<string, string>>;
}

function readIni(variable: string, name: string): ReadonlyMap<string, IniSection> {
  let path = readEnv(variable);
  let text: string;
  try {
    path ??= join(homeDirectory(), ".aws", name);
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (/^(ENOENT|ENOTDIR|EACCES|EPERM|ENOTCAPABLE|PERMISSION_DENIED)$/.test(systemCodeOf(error) ?? ""))
      return new Map();
    const message = `${path} cannot be read: ${messageOf(error)}`;
    throw new TidemarkError("INVALID_PARAMETER_VALUE", message, { cause: error, details: { path } });
  }
  if (text.length > LARGEST_FILE_BYTES)
    throw new TidemarkError("INVALID_PARAMETER_VALUE", `${path} is too large to be AWS's configuration`);
  return parseIni(text);
}

/** Reads the sections of a file. A line that is indented belongs to the setting above it, where that has no value of its own. */
export function parseIni(text: string): ReadonlyMap<string, IniSection> {
  const sections = new Map<string, IniSection>();
  let section: IniSection | undefined;
  let group: Map<string, string> | undefined;
  for (const line of text.replace(/^\uFEFF/, "").split(/\r?\n/)) {
    if (/^\s*([#;].*)?$/.test(line)) continue;
    const title = /^\[\s*([^\]]*?)\s*\]/.exec(line)?.[1];
    if (title !== undefined) {
      const name = title.replace(/\s+/g, " ").replace(/["']/g, "");
      section = sections.get(name) ?? { settings: new Map(), groups: new Map() };
      sections.set(name, section);
      group = undefined;
      continue;
    }
    const [, indent = "", rawName = "", rawValue = ""] = /^(\s*)([^\s=]+)\s*=\s*(.*)$/.exec(line) ?? [];
    const name = rawName.toLowerCase();
    const value = rawValue.replace(/\s+[#;].*$/, "").trim();
    if (section === undefined || name === "") continue;
    if (indent !== "") {
      group?.set(name, value);
      continue;
    }
    group = undefined;
    if (value === "") {
      group = new Map();
      section.groups.set(name, group);
    } else section.settings.set(name, value);
  }
  return sections;
}
