/** By which words a step of a plan, or a fault of the control API, says whom a fault of a link acts on, and which of them mean nothing to it. */
import type { FaultOfLink } from "./registry.ts";

/** Which of those that match, one after the other. */
export const choosingKeys = ["probability", "first", "nth", "every_nth"] as const;
/** They reach the proxy as they are. */
export const whomKeys = ["match", "direction", "leg", "scope", ...choosingKeys] as const;
export type WhomKey = (typeof whomKeys)[number];

/** Why `direction` is not for them. */
const ownDirection: Partial<Record<FaultOfLink["plane"], string>> = {
  http: "http faults say by themselves whether they act on requests or replies",
  tls: "a handshake is of both sides, and tls faults say by themselves where in it they act",
  dns: "dns faults say by themselves whether they act on queries or replies",
  ntp: "ntp faults say by themselves whether they act on requests or replies",
};

/** The words that would do nothing, or not what they say, each with the reason. `direction`: the one that is written. */
export function idleKeys(fault: FaultOfLink, direction: unknown): ReadonlyMap<WhomKey, string> {
  const everybody = whyForAll(fault);
  if (everybody !== undefined) return new Map(whomKeys.map((key) => [key, everybody]));
  const { plane, kind } = fault;
  const idle = new Map<WhomKey, string>();
  if (plane !== "tcp") idle.set("leg", `${plane} faults have a place of their own: it is for tcp faults`);
  const own = ownDirection[plane];
  const only = "only" in fault ? fault.only : undefined;
  if (own !== undefined) idle.set("direction", own);
  else if (only !== undefined && direction !== only && direction !== "both")
    idle.set("direction", `${kind} acts ${only} only, and would hit nothing`);
  return idle;
}

/** Ordinals that nobody can have: the key that is one too many, with the reason. */
export function whyNobody(written: {
  readonly [Key in (typeof choosingKeys)[number]]?: unknown;
}): { readonly key: WhomKey; readonly why: string } | undefined {
  const [first = NaN, nth = NaN, everyNth = NaN] = [written.first, written.nth, written.every_nth].map(Number);
  if (nth > first)
    return { key: "first", why: `nth: ${nth} is none of the first ${first}, and together they choose nobody` };
  if (nth % everyNth > 0)
    return { key: "every_nth", why: `nth: ${nth} is no multiple of ${everyNth}, and together they choose nobody` };
  if (everyNth > first)
    return {
      key: "first",
      why: `every_nth: ${everyNth} begins behind the first ${first}, and together they choose nobody`,
    };
  return undefined;
}

function whyForAll(fault: FaultOfLink): string | undefined {
  if (fault.plane === "tcp") {
    if (fault.door !== undefined)
      return `this fault ${fault.door === "shut" ? "shuts" : "silences"} the door, for everybody`;
    if (fault.visit !== undefined) return "this fault makes connections of its own, and chooses among no others";
  }
  if (shutsPort(fault)) return "this fault shuts the port, for everybody";
  if (fault.plane === "ntp" && fault.pulse)
    return "this fault steps the server's time, for everybody who asks over the link";
  return undefined;
}

/** Of a plane whose questions are datagrams: nobody listens, and the kernel says so. */
export function shutsPort(fault: FaultOfLink): boolean {
  return (fault.plane === "ntp" && fault.door !== undefined) || (fault.plane === "dns" && fault.everybody === true);
}
