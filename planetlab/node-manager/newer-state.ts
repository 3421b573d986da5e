/**
 * A state that a newer Node Manager has left is no rubbish: it is put aside whole, for whoever can read it, and this one begins with what is on the disk (paper 3.4:
 * caches have versions, too).
 *
 *     state.json of version 2 ──► state.json.version-2
 */
import type { Files, Log } from "../../host/host.ts";
import type { Config } from "./config.ts";
import { stateVersion } from "./state.ts";

export async function putAsideNewerState(
  files: Pick<Files, "read" | "rename">,
  { guards, stateFile }: Pick<Config, "guards" | "stateFile">,
  { log }: { readonly log: Log },
): Promise<void> {
  const putAside = async (file: string): Promise<void> => {
    const version = versionIn(await files.read(file).catch(() => new Uint8Array()));
    if (version === undefined || version <= stateVersion) return;
    log("format.unsupported", { file, version, reads: stateVersion });
    await files.rename(file, `${file}.version-${version}`);
  };
  if (guards.has("state-version")) for (const file of [stateFile, `${stateFile}.previous`]) await putAside(file);
}

/** It is the first member, whatever else there is. */
function versionIn(bytes: Uint8Array): number | undefined {
  const beginning = new TextDecoder().decode(bytes.subarray(0, 1000));
  const version = /^\s*\{\s*"version"\s*:\s*(\d{1,9})\b/.exec(beginning)?.[1];
  return version === undefined ? undefined : Number(version);
}
