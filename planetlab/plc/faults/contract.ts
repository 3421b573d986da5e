/**
 * A fault of PLC's own: a sentence in `subject.yaml`, a file here, a line in `registry.ts`. It returns what it changes, at the points where answers ask
 * (`disturbances.ts`), and counts a hit each time that it made a difference.
 *
 *     harness ──control.ts──► begin(parameters, context) ──► Disturbance ──► until it is lifted
 */
import { createHash } from "node:crypto";
import type { z } from "zod";
import type { Disturbance } from "../disturbances.ts";
import type { Plc } from "../publish.ts";

export interface FaultContext {
  readonly plc: Plc;
  readonly hit: (detail?: Readonly<Record<string, unknown>>) => void;
  /** A number in [0, 1) that is the same for the same occurrence of the fault and the same thing. */
  readonly draw: (thing: string | number) => number;
}

export interface PlcFaultKind<Parameters extends z.ZodObject = z.ZodObject> {
  readonly kind: string;
  /** As they are told: counted, without units. */
  readonly parameters: Parameters;
  /** Undefined for what happens at one moment. */
  begin(parameters: z.output<Parameters>, context: FaultContext): Disturbance | undefined;
}

/** Checks one fault's file against the contract, its parameters' types included. */
export function plcFault<Parameters extends z.ZodObject>(fault: PlcFaultKind<Parameters>): PlcFaultKind<Parameters> {
  return fault;
}

export function drawer(seed: number): FaultContext["draw"] {
  return (thing) => createHash("sha256").update(`${seed} ${thing}`).digest().readUInt32BE() / 2 ** 32;
}
