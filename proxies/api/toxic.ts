/**
 * A toxic on a running proxy: an injection whose values can change while it lasts.
 *
 *     toxic ──► fault (one for its whole life: its place in the chain, its state and its roll stay) ──► values of the moment
 */
import type { Direction, TcpFault, TcpItem } from "../../faults/tcp/contract.ts";
import { drawFrom } from "../../faults/random.ts";
import { z } from "zod";
import type { Chain } from "../chain/chain.ts";
import type { OnHit } from "../chain/part.ts";
import type { Attributes, ToxicType } from "./toxics.ts";

/** What clients see of it. */
export interface Toxic {
  readonly name: string;
  readonly type: string;
  /** As it was written, in whatever case. */
  readonly stream: string;
  readonly direction: Direction;
  /** The share of links that it acts on. */
  readonly toxicity: number;
  readonly attributes: Attributes;
}

export interface ActiveToxic {
  /** Takes effect on what is under way as well. */
  update(toxic: Toxic): void;
  /** Lifts it; a `timeout` closes the connections that it acted on. */
  remove(): Promise<void>;
}

export interface ActivateOptions {
  readonly proxy: Pick<Chain, "inject">;
  readonly type: ToxicType;
  readonly toxic: Toxic;
  readonly seed: number;
  /** The proxy's name: with the toxic's, what its random decisions are drawn from. */
  readonly path: string;
  readonly onHit: OnHit;
}

interface Rolled {
  /** One a link, for as long as the toxic lasts: an update changes what it is compared with. */
  readonly roll: number;
}

export function activate({ proxy, type, toxic: first, seed, path, onHit }: ActivateOptions): ActiveToxic {
  let toxic = first;
  let values = valuesOf(first);
  let closing = false;
  const { direction: stream } = first;

  const fault: TcpFault<z.ZodObject, Rolled> = {
    plane: "tcp",
    kind: `toxic.${first.type}`,
    about: `Toxiproxy's ${first.type}`,
    source: "Toxiproxy",
    example: "{}",
    pulse: false,
    direction: stream,
    parameters: z.object({}),
    pace: () => (toxic.toxicity > 0 ? (type.pace?.(values) ?? {}) : {}),
    start: (_parameters, context) => ({ ...type.start(context), roll: context.draw("toxicity", 0) }),
    map(item: TcpItem, state, _parameters, context) {
      if (state.roll >= toxic.toxicity) return item;
      if (closing) return item.type === "tick" ? { type: "close", due: item.due } : item;
      return type.map(item, state, values, context);
    },
  };
  const injection = proxy.inject({
    fault,
    parameters: {},
    draw: drawFrom({ seed, path: ["toxic", path, first.name] }),
    onHit,
  });

  /** Has all that is under way judged again, by what `change` leaves. */
  async function again(change: () => void): Promise<void> {
    const announcement = proxy.inject({
      fault: nothing,
      parameters: {},
      direction: stream,
      draw: () => 0,
      onHit: () => undefined,
    });
    change();
    await announcement[Symbol.asyncDispose]();
  }

  return {
    update(next) {
      void again(() => {
        toxic = next;
        values = valuesOf(next);
      });
    },
    async remove() {
      if (type.closesWhenRemoved === true) await again(() => (closing = true));
      await injection[Symbol.asyncDispose]();
    },
  };
}

function valuesOf({ attributes }: Toxic): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, Number(value)]));
}

const nothing: TcpFault = {
  plane: "tcp",
  kind: "toxic.noop",
  about: "Nothing happens.",
  source: "Toxiproxy",
  example: "{}",
  pulse: false,
  direction: "both",
  parameters: z.object({}),
  start: () => ({}),
  map: (item) => item,
};
