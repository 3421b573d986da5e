/** Random operations on files, for properties. */
import * as fc from "fast-check";
import type { Files, OpenFile } from "../host.ts";

const paths = ["a", "b", "a/a", "a/b", "b/a", "a/a/a", "./b/../a", "c"];
const path = fc.constantFrom(...paths);
const mode = fc.constantFrom("write" as const, "append" as const, "create-new" as const);
const onPath = ["read", "remove", "makeDirectory", "list", "syncDirectory"] as const;
const which = fc.nat({ max: 3 });
export const step = fc.oneof(
  fc.record({ do: fc.constant("open" as const), path, mode }),
  fc.record({ do: fc.constant("write" as const), which, text: fc.constantFrom("", "x", "longer") }),
  fc.record({ do: fc.constantFrom("sync" as const, "close" as const), which }),
  fc.record({ do: fc.constant("rename" as const), from: path, to: path }),
  fc.record({ do: fc.constantFrom(...onPath), path }),
  fc.record({
    do: fc.constant("refuse" as const),
    code: fc.constantFrom("ENOSPC" as const, "EROFS" as const, undefined),
  }),
);
export type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

/** Does a step, and tells what came of it; files stay open until they are closed. */
export function createRunner(
  files: Omit<Files, "lock">,
  stack: AsyncDisposableStack,
): (step: Step) => Promise<unknown> {
  const opened: OpenFile[] = [];
  const run = async (each: Step): Promise<unknown> => {
    switch (each.do) {
      case "open":
        opened.push(stack.use(await files.open(each.path, each.mode)));
        return "open";
      case "write":
        return opened.at(each.which)?.write(each.text);
      case "sync":
        return opened.at(each.which)?.sync();
      case "close":
        return opened.at(each.which)?.[Symbol.asyncDispose]();
      case "rename":
        return files.rename(each.from, each.to);
      case "read":
        return String(Buffer.from(await files.read(each.path)));
      case "remove":
        return files.remove(each.path);
      case "makeDirectory":
        return files.makeDirectory(each.path);
      case "list":
        return files.list(each.path);
      case "syncDirectory":
        return files.syncDirectory(each.path);
      case "refuse":
        return undefined;
    }
  };
  return (each) =>
    run(each).catch((error: NodeJS.ErrnoException) => ({
      message: error.message.replace(/ '.*/, ""),
      code: error.code,
      errno: error.errno,
      syscall: error.syscall,
      hasPath: error.path !== undefined,
    }));
}
