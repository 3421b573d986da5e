/** What the host of a program is told to refuse: the file that `SINBIN_CONTROL` names (host/real/control.ts). */
import { renameSync, rmSync, writeFileSync } from "node:fs";
import type { Control } from "../../../host/real/control.ts";

/** Changes a part of it; undefined takes that away. */
export type ChangeControl = (part: { readonly [Key in keyof Control]: Control[Key] | undefined }) => void;

export function createControl(path: string): ChangeControl {
  let control: Parameters<ChangeControl>[0] = {};
  return (part) => {
    control = { ...control, ...part };
    if (Object.values(control).every((value) => value === undefined)) {
      rmSync(path, { force: true });
      return;
    }
    // Who reads it finds all of it.
    writeFileSync(`${path}.new`, JSON.stringify(control));
    renameSync(`${path}.new`, path);
  };
}
