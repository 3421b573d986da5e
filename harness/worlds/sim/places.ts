/**
 * Places in stack traces, as every machine names them: a history that says where somebody's files are is another one on each machine.
 *
 *     file:///home/you/sinbin/host/sim/time.ts:64:7 ──► host/sim/time.ts:64:7
 */
import { posix } from "node:path";
import { fileURLToPath } from "node:url";

const home = fileURLToPath(new URL("../../../", import.meta.url));
const place = /(?<![\w/:.-])(file:\/\/)?(\/(?!\/)[^\s()"'\\]*):(\d+:\d+)/g;
const modules = "/node_modules/";

/** `folder`: that of the program. Files of sinbin count from its own, others from the program's, and those of packages from where packages are. */
export function neutralPlaces(text: string, folder: string): string {
  return text.replace(place, (_, scheme: string | undefined, path: string, position: string) => {
    const file = scheme === undefined ? path : pathOf(scheme + path);
    return `${nameOf(file, folder)}:${position}`;
  });
}

function nameOf(file: string, folder: string): string {
  if (file.startsWith(home)) return file.slice(home.length);
  const packages = file.lastIndexOf(modules);
  return packages === -1 ? posix.relative(folder, file) : file.slice(packages + 1);
}

/** A program may have written what only looks like a URL. */
function pathOf(url: string): string {
  try {
    return fileURLToPath(url);
  } catch {
    return url;
  }
}
