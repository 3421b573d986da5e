/** Every fault of PLC's own; `subject.yaml` says of them what plans need to know. */
import { ControlError } from "../../control.ts";
import type { Injected } from "../../control.ts";
import type { Plc } from "../publish.ts";
import { badSlice } from "./bad-slice.ts";
import { bigReply } from "./big-reply.ts";
import { clock } from "./clock.ts";
import { confFileHangs } from "./conf-file-hangs.ts";
import { contentLengthInCharacters } from "./content-length-in-characters.ts";
import { drawer } from "./contract.ts";
import type { PlcFaultKind } from "./contract.ts";
import { deleteSlices } from "./delete-slices.ts";
import { duplicateMac } from "./duplicate-mac.ts";
import { firstEntryOnly } from "./first-entry-only.ts";
import { format } from "./format.ts";
import { nilField } from "./nil-field.ts";
import { renumber } from "./renumber.ts";
import { revokeKey } from "./revoke-key.ts";
import { revokeSession } from "./revoke-session.ts";
import { serialBack } from "./serial-back.ts";
import { unknownMac } from "./unknown-mac.ts";
import { vanish } from "./vanish.ts";
import { wrongNode } from "./wrong-node.ts";

const list: readonly PlcFaultKind[] = [
  vanish,
  deleteSlices,
  firstEntryOnly,
  format,
  serialBack,
  clock,
  revokeSession,
  revokeKey,
  wrongNode,
  duplicateMac,
  renumber,
  unknownMac,
  badSlice,
  nilField,
  bigReply,
  contentLengthInCharacters,
  confFileHangs,
];

export const plcFaults: ReadonlyMap<string, PlcFaultKind> = new Map(list.map((fault) => [fault.kind, fault]));

/** @throws {ControlError} */
export function beginFault({ fault: kind, parameters, seed, hit }: Injected, plc: Plc): Disposable | undefined {
  const fault = plcFaults.get(kind);
  if (fault === undefined) throw new ControlError(`there is no ${kind} here`);
  const { data, error } = fault.parameters.safeParse(parameters);
  if (error !== undefined) throw new ControlError(error.message);
  const disturbance = fault.begin(data, { plc, hit, draw: drawer(seed) });
  return disturbance === undefined ? undefined : plc.disturbances.begin(disturbance);
}
