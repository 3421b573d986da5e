/**
 * What the kernel does to the packets of services that are behind one interface, as a script for `nft`.
 *
 *     device ── ingress, egress ──► near ════ far ── disturbances ──► up to whom it is for, or out by the device again
 *
 * As long as anything disturbs a service, its packets of both directions go over a pair of virtual interfaces of our own, and meet their fate at its far end. What is
 * lost there is lost as on a wire: dropped on their way out, their sender's TCP would know at once. And since the near end takes no work off the
 * kernel's hands, packets arrive at the far end as they would be on a wire, of the size of a frame and with their real checksums.
 */
import type { Direction } from "../../../../faults/direction.ts";
import type { Disturbance } from "../../../../faults/packet/contract.ts";

export interface WireNames {
  /** The interface that the services are behind. */
  readonly device: string;
  readonly near: string;
  readonly far: string;
  readonly table: string;
}

export interface Fate {
  readonly id: number;
  /** The address of the service that it befalls. */
  readonly service: string;
  readonly what: Disturbance | "cut";
  readonly probability: number;
  readonly direction: Direction;
}

export function namesOf(device: string): WireNames {
  return { device, near: `${device}-near`, far: `${device}-far`, table: `sinbin-${device}` };
}

export const counterOf = ({ id }: Pick<Fate, "id">): string => `fate-${id}`;

/** Marks of packets: one that is there twice already, and one that has come over the wire. */
const copied = "0x51b1";
const passed = "0x51b2";
const outOf = 1_000_000;
/** Bits of the network header: behind 20 bytes of IPv4 and 32 of TCP there is what is carried; a short packet has 4 bytes of another header at least. */
const carried = 8 * (20 + 32);
const inHeader = 8 * (20 + 4);

/**
 * All at once or not at all, whatever was there before; counters stay.
 *
 * @param served Every service that a fate has befallen: packets of theirs may be on the wire yet.
 */
export function rulesOf(
  { device, near, far, table }: WireNames,
  fates: readonly Fate[],
  served: Iterable<string> = fates.map(({ service }) => service),
): string {
  const disturbed = setOf(fates.map(({ service }) => service));
  const chains = {
    corrupt: [`@nh,${carried},8 set @nh,${carried},8 ^ 0x01 return`, `@nh,${inHeader},8 set @nh,${inHeader},8 ^ 0x01`],
    far: [
      ...fates.filter(({ probability }) => probability > 0).flatMap((fate) => rulesOfFate(fate, near)),
      `ip saddr ${setOf(served)} accept`,
      `meta mark set ${passed} fwd to "${device}"`,
    ],
    arriving: fates.length === 0 ? [] : [`ip saddr ${disturbed} fwd to "${near}"`],
    leaving: fates.length === 0 ? [] : [`meta mark ${passed} accept`, `ip daddr ${disturbed} fwd to "${near}"`],
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

function setOf(addresses: Iterable<string>): string {
  return `{ ${[...new Set(addresses)].join(", ")} }`;
}

/** One for each of its directions. */
function rulesOfFate(fate: Fate, near: string): readonly string[] {
  const ways = { in: [`ip daddr ${fate.service}`], out: [`ip saddr ${fate.service}`] };
  const chosen = fate.direction === "both" ? [...ways.in, ...ways.out] : ways[fate.direction];
  return chosen.map((way) => `${way} ${whatBefalls(fate, near)}`);
}

function whatBefalls(fate: Fate, near: string): string {
  const chance = `numgen random mod ${outOf} < ${Math.round(fate.probability * outOf)}`;
  const count = `counter name "${counterOf(fate)}"`;
  switch (fate.what) {
    case "cut":
      return `${count} drop`;
    case "loss":
      return `${chance} ${count} drop`;
    case "duplicate":
      // The copy comes over the wire in its turn.
      return `meta mark != ${copied} ${chance} meta mark set ${copied} ${count} dup to "${near}"`;
    case "corrupt":
      return `${chance} ${count} jump corrupt`;
  }
}
