/** One direction of one flow: what the faults make of a datagram, and which of them has hit. */
import type { Datagram, UdpContext, UdpFault } from "../../faults/udp/contract.ts";

export interface Stage {
  /** Whose it is: to lift it by. */
  readonly owner: object;
  readonly fault: UdpFault;
  readonly parameters: object;
  readonly context: UdpContext;
  readonly onHit: (datagram: Datagram) => void;
  state: object;
}

/** One that is to be sent, and how much time each fault has added on its way, in milliseconds. */
export interface Waiting {
  readonly datagram: Datagram;
  readonly added: ReadonlyMap<object, number>;
}

/** Later faults act on what earlier ones put out. A fault hits when the receiver gets something else, or at another time, than without it. */
export function judge(stages: readonly Stage[], datagram: Datagram): readonly Waiting[] {
  const before = stages.map(({ state }) => ({ ...state }));
  const outputs = pass(stages, datagram);
  if (outputs.length === 1 && outputs[0]?.datagram === datagram) return outputs;
  const copies = (but: ReadonlySet<number>): readonly Stage[] =>
    stages.map((stage, n) => ({ ...stage, state: { ...before[n] } })).filter((_stage, n) => !but.has(n));
  // Of two that do the same, the earlier one counts, so that there is always one to answer for what is changed.
  const idle = new Set<number>();
  for (let n = stages.length - 1; n >= 0; n -= 1) {
    const without = new Set([...idle, n]);
    if (same(outputs, pass(copies(without), datagram))) idle.add(n);
    else stages[n]?.onHit(datagram);
  }
  return outputs;
}

function pass(stages: readonly Stage[], datagram: Datagram): readonly Waiting[] {
  return stages.reduce<readonly Waiting[]>(
    (passing, { owner, fault, parameters, context, state }) =>
      passing.flatMap(({ datagram: came, added }) =>
        [fault.map(came, state, parameters as Record<string, unknown>, context)].flat().map((goes) => ({
          datagram: goes,
          added: goes.due === came.due ? added : new Map([...added, [owner, goes.due - came.due] as const]),
        })),
      ),
    [{ datagram, added: new Map() }],
  );
}

function same(some: readonly Waiting[], others: readonly Waiting[]): boolean {
  return (
    some.length === others.length &&
    some.every(({ datagram: { due, bytes } }, n) => {
      const other = others[n]?.datagram;
      return other?.due === due && Buffer.compare(other.bytes, bytes) === 0;
    })
  );
}
