/**
 * What the kernel does to the packets of a service, as a script for `nft`.
 *
 *     device ── ingress, egress ──► near ════ far ── disturbances ──► up to whom it is for, or out by the device again
 *
 * As long as anything disturbs them, the packets of both directions go over a pair of virtual interfaces of our own, and meet their fate at its far end. What is lost
 * there is lost as on a wire: dropped on their way out, their sender's TCP would know at once. And since the near end takes no work off the kernel's
 * hands, packets arrive at the far end as they would be on a wire, of the size of a frame and with their real checksums.
 */
import type { Direction } from "../../../../faults/direction.ts";
import type { Disturbance } from "../../../../faults/packet/contract.ts";

export interface WireNames {
  /** The interface that the service is behind. */
  readonly device: string;
  /** The service's address. */
  readonly service: string;
  readonly near: string;
  readonly far: string;
  readonly table: string;
}

export interface Fate {
  readonly id: number;
  readonly what: Disturbance | "cut";
  readonly probability: number;
  readonly direction: Direction;
}

export function namesOf(device: string, service: string): WireNames {
  return { device, service, near: `${device}-near`, far: `${device}-far`, table: `sinbin-${device}` };
}

export const counterOf = ({ id }: Pick<Fate, "id">): string => `fate-${id}`;

/** Marks of packets: one that is there twice already, and one that has come over the wire. */
const copied = "0x51b1";
const passed = "0x51b2";
const outOf = 1_000_000;
/** Bits of the network header: behind 20 bytes of IPv4 and 32 of TCP there is what is carried; a short packet has 4 bytes of another header at least. */
const carried = 8 * (20 + 32);
const inHeader = 8 * (20 + 4);

/** All at once or not at all, whatever was there before; counters stay. */
export function rulesOf({ device, service, near, far, table }: WireNames, fates: readonly Fate[]): string {
  const chains = {
    corrupt: [`@nh,${carried},8 set @nh,${carried},8 ^ 0x01 return`, `@nh,${inHeader},8 set @nh,${inHeader},8 ^ 0x01`],
    far: [
      ...fates.filter(({ probability }) => probability > 0).map((fate) => ruleOf(fate, service, near)),
      `ip saddr ${service} accept`,
      `meta mark set ${passed} fwd to "${device}"`,
    ],
    arriving: fates.length === 0 ? [] : [`meta protocol ip fwd to "${near}"`],
    leaving: fates.length === 0 ? [] : [`meta mark ${passed} accept`, `meta protocol ip fwd to "${near}"`],
  };
  return [
    `add table netdev ${table}`,
    `add chain netdev ${table} corrupt`,
    `add chain netdev ${table} far { type filter hook ingress device "${far}" priority 0; policy accept; }`,
    `add chain netdev ${table} arriving { type filter hook ingress device "${device}" priority 0; policy accept; }`,
    `add chain netdev ${table} leaving { type filter hook egress device "${device}" priority 0; policy accept; }`,
    ...fates.map((fate) => `add counter netdev ${table} ${counterOf(fate)}`),
    ...Object.keys(chains).map((chain) => `flush chain netdev ${table} ${chain}`),
    ...Object.entries(chains).flatMap(([chain, rules]) =>
      rules.map((rule) => `add rule netdev ${table} ${chain} ${rule}`),
    ),
  ].join("\n");
}

function ruleOf(fate: Fate, service: string, near: string): string {
  const way = { both: [], in: [`ip daddr ${service}`], out: [`ip saddr ${service}`] }[fate.direction];
  const chance = `numgen random mod ${outOf} < ${Math.round(fate.probability * outOf)}`;
  const count = `counter name "${counterOf(fate)}"`;
  switch (fate.what) {
    case "cut":
      return [...way, count, "drop"].join(" ");
    case "loss":
      return [...way, chance, count, "drop"].join(" ");
    case "duplicate":
      // The copy comes over the wire in its turn.
      return [...way, `meta mark != ${copied}`, chance, `meta mark set ${copied}`, count, `dup to "${near}"`].join(" ");
    case "corrupt":
      return [...way, chance, count, "jump corrupt"].join(" ");
  }
}
