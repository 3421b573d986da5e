/** Where a command is, as a shell would find it: asked before it is started, since in a namespace the launcher starts in any case. */
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, resolve } from "node:path";

/** `path`: what PATH says. `directory`: what a command with a slash in it is relative to. */
export function findExecutable(command: string, path: string, directory = "/"): string | undefined {
  const places = command.includes("/") ? [directory] : path.split(delimiter);
  return places.map((place) => resolve(place, command)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
