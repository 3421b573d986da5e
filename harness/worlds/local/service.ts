/** A service whose lives are processes of this machine. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { createService } from "../service.ts";
import type { ServiceOptions, SupervisedService } from "../service.ts";
import { startLife } from "./process.ts";

export interface LocalServiceOptions extends Omit<ServiceOptions, "startLife" | "readFile" | "newsOfEnds"> {
  readonly directory: string;
  readonly command: readonly string[];
  /** What the command comes down to: it must be there when the service starts. */
  readonly executable: string;
  /** For the n-th life, from 0. */
  readonly environment: (life: number) => Readonly<Record<string, string>>;
}

export function createLocalService(options: LocalServiceOptions): SupervisedService {
  const { name, directory, command, executable, environment } = options;
  return createService({
    ...options,
    startLife: (life, events) =>
      startLife({ name, command, executable, directory, environment: environment(life), ...events }),
    readFile: (path) => readFile(resolve(directory, path)),
    newsOfEnds,
  });
}

/** What has ended by now is known to have ended after a whole turn of the event loop; the first one may be half over. */
async function newsOfEnds(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
}
