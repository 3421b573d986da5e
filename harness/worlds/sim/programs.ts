/** The programs of plans, loaded before virtual time begins: reading a file takes real time. */
// oxlint-disable-next-line no-restricted-imports -- nothing is simulated yet, as with the loading itself.
import { realpath } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Main } from "../../../host/host.ts";
import { WorldError } from "../../errors.ts";
import type { Plan } from "../../plan/schema.ts";

export interface LoadedProgram {
  readonly main: Main;
  /** Where its file really is: not to be seen in any history. */
  readonly folder: string;
}

/** By the path that a service's `program` has. */
export type Programs = ReadonlyMap<string, LoadedProgram>;

/** @throws {WorldError} for one that can't be loaded. */
export async function loadPrograms(plans: readonly Plan[]): Promise<Programs> {
  const paths = new Set(
    plans.flatMap(({ services }) => Object.values(services).flatMap(({ program }) => program ?? [])),
  );
  const loaded = await Promise.all([...paths].map(async (path) => [path, await load(path)] as const));
  return new Map(loaded);
}

async function load(path: string): Promise<LoadedProgram> {
  let module: { readonly main?: unknown };
  try {
    module = (await import(pathToFileURL(resolve(path)).href)) as typeof module;
  } catch (cause) {
    throw new WorldError(`${path} can't be loaded: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
  if (typeof module.main !== "function")
    throw new WorldError(`${path} is no program: it must export main(host, args), which resolves with an exit code`);
  return { main: module.main as Main, folder: dirname(await realpath(path)) };
}
