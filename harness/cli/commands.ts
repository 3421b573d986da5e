/** Commands as people can enter them again, and what is written down of the one that was. */
import { relative } from "node:path";
import type { Written } from "../plan/schema.ts";
import { isIsolated } from "../worlds/local/isolate.ts";
import { cellText } from "./plans.ts";
import { version } from "./version.ts";

/** `npx sinbin run suites/drip.yaml`, and then what is behind it: flags as they are, values quoted where a shell needs it. */
export function commandOf(command: string, file: string, flags: readonly string[]): string {
  return ["npx sinbin", command, quoted(relative(process.cwd(), file)), ...flags].join(" ");
}

export function cellFlags(cell: Readonly<Record<string, Written>>): readonly string[] {
  return Object.entries(cell).map(([name, value]) => `--cell ${quoted(`${name}=${cellText(value)}`)}`);
}

/** As a shell reads it. */
export function quoted(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** For `run.json`: what was asked for. */
export function aboutRun(file: string): Readonly<Record<string, unknown>> {
  return {
    sinbin: version,
    command: process.argv.slice(2).join(" "),
    file,
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    pid: process.pid,
  };
}

/** For `run.json`: whoever carries it out, as it begins. What was asked for may have had to wait. */
export function aboutNow(): Readonly<Record<string, unknown>> {
  return { began: new Date().toISOString(), isolated: isIsolated() };
}
