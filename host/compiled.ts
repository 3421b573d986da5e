/** What Node has compiled once it need not compile again, which is most of a short process: in a folder beside its packages. */
import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../node_modules/.cache/compiled", import.meta.url));

/** For what is imported from now on. Where the folder can't be written, all is compiled. */
export function keepCompiled(): void {
  enableCompileCache(folder);
}

/** For threads, which don't take after the process that they are in. */
export function keepingCompiled(): NodeJS.ProcessEnv {
  return { ...process.env, NODE_COMPILE_CACHE: folder };
}
