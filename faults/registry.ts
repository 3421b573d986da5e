/** Every fault there is, in the order of the catalogue. To add one: write its file, add its line. */
import type { Fault } from "./fault.ts";

export const faults: ReadonlyMap<string, Fault> = new Map<string, Fault>([]);
