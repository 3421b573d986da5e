/** A name that is none, with what was probably meant. */
import { hint } from "../../../faults/nearest.ts";
import { whichOne } from "../copies.ts";
import type { Path } from "../tree.ts";
import type { Checking } from "./checking.ts";

export function known(
  checking: Checking,
  path: Path,
  what: string,
  name: string | undefined,
  all: Iterable<string>,
  ofCopies = "",
): void {
  const names = [...all];
  if (name === undefined || names.includes(name)) return;
  const copies = checking.copies.get(name);
  if (copies?.every((copy) => names.includes(copy)) === true) {
    checking.complain(path, whichOne(name, copies) + ofCopies, 0);
    return;
  }
  checking.complain(path, `there is no ${what} ${name}: ${hint(name, names)}`, 0);
}
