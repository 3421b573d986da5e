/**
 * A fault's place in one direction of one connection: what it keeps, which bytes it sees, and what becomes of them when it is lifted.
 *
 *     offset 0 ──── passed before it came (`from`) ──── its own bytes ──── received after it was lifted ────►
 */
import type { TcpContext, TcpData, TcpFault, TcpItem } from "../../faults/tcp/contract.ts";
import { cutAt, endOf } from "../../faults/tcp/cut.ts";

/** Lifted faults that are remembered at once. When more come and go while the link stands still, what the oldest held comes out sooner. */
const maximumRemembered = 64;

export interface Stage {
  /** Whose it is: compared by identity when it is lifted. */
  readonly owner: object;
  readonly fault: TcpFault;
  readonly parameters: object;
  readonly context: TcpContext;
  /** Called once, when it has made a difference to the receiver. */
  readonly onHit: (item: TcpItem) => void;
  hit: boolean;
  /** It has put out something else than what came in. */
  touched: boolean;
  /** Bytes before this offset were delivered before the fault came; it never sees them. */
  readonly from: number;
  state: object;
  /** The state before the item that is being delivered: where to begin again when that is judged again. */
  saved: object;
  /**
   * Set once the fault is gone. As long as bytes that it had in its hands are undelivered and other faults come behind it, it stays as a memory:
   * what it had let through by then came out when it did; all else comes out when it was lifted, and not as if it had never been held.
   */
  lifted?: { readonly at: number; readonly until: number };
}

export type StageOptions = Pick<Stage, "owner" | "fault" | "parameters" | "context" | "onHit">;

export function createStage(options: StageOptions, from: number): Stage {
  const state = options.fault.start(options.parameters as Record<string, unknown>, options.context);
  return { ...options, hit: false, touched: false, from, state, saved: { ...state } };
}

/** To judge something without a trace. */
export function copyOf(stage: Stage): Stage {
  return { ...stage, touched: false, state: { ...stage.state } };
}

/** One item through all stages. A tick for later goes to `onTick` instead of on. */
export function judge(stages: readonly Stage[], item: TcpItem, onTick: (due: number) => void): readonly TcpItem[] {
  return stages.reduce<readonly TcpItem[]>(
    (items, stage) =>
      items.flatMap((each) => {
        // The end that an earlier fault has put to the connection is no packet under way: nothing delays it.
        if (each.type === "close" || (each.type === "rst" && item.type !== "rst")) return each;
        return through(stage, each).filter((out) => {
          const later = out.type === "tick" && out !== each;
          // A tick that asks for its own moment again would never end.
          if (later && (each.type !== "tick" || out.due > each.due)) onTick(out.due);
          return !later;
        });
      }),
    [item],
  );
}

function through(stage: Stage, item: TcpItem): readonly TcpItem[] {
  if (item.type !== "data") return stage.lifted === undefined ? changed(stage, item) : [item];
  const [before, rest] = cutAt(item, stage.from);
  const [own, after] = cutAt(rest, stage.lifted?.until ?? Infinity);
  if (own.bytes.length === 0) return [item];
  const whole = own.bytes.length === item.bytes.length ? item : own;
  const out = stage.lifted === undefined ? changed(stage, whole) : released(stage, stage.lifted.at, whole);
  return [before, ...out, after].filter((each) => each.type !== "data" || each.bytes.length > 0);
}

function changed(stage: Stage, item: TcpItem): readonly TcpItem[] {
  const out = mapped(stage, item);
  const [first, ...others] = out.filter((each) => each.type !== "tick" || each === item);
  if (first !== item || others.length > 0) stage.touched = true;
  return out;
}

function mapped({ fault, state, parameters, context }: Stage, item: TcpItem): readonly TcpItem[] {
  const out = fault.map(item, state, parameters as Record<string, unknown>, context);
  return "type" in out ? [out] : out;
}

function released(stage: Stage, at: number, item: TcpData): readonly TcpItem[] {
  const passed: TcpData[] = [];
  let end = item.offset;
  for (const out of mapped(stage, item)) {
    if (out.type !== "data" || out.offset !== end || out.due > at) break;
    passed.push(out);
    end = endOf(out);
  }
  const [, rest] = cutAt(item, end);
  return rest.bytes.length === 0 ? passed : [...passed, { ...rest, due: Math.max(rest.due, at) }];
}

/** Drops memories of lifted faults that can't matter any more: all that they had is delivered, or no fault comes behind them. */
export function withoutSpent(stages: readonly Stage[], passed: number): readonly Stage[] {
  if (stages.every(({ lifted }) => lifted === undefined)) return stages;
  const last = stages.findLastIndex(({ lifted }) => lifted === undefined);
  const kept = stages.filter(({ lifted }, index) => lifted === undefined || (index < last && passed < lifted.until));
  const oldest = kept.find(({ lifted }) => lifted !== undefined);
  const remembered = kept.filter(({ lifted }) => lifted !== undefined).length;
  return remembered > maximumRemembered ? kept.filter((stage) => stage !== oldest) : kept;
}
