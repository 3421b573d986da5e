/**
 * Which faults have hit: a fault has when, without it, the receiver would have got something else by now, or at another time.
 *
 *     item ──► all faults ─────────► what is put out ─┐
 *     item ──► all faults but one ─► what would be ───┴─► the same for the receiver? then that one has made no difference
 *
 * A fault that delays bytes which have to wait for the receiver anyway, or that holds what an earlier one holds, hits nothing. Of two that do the
 * same, the earlier one counts, so that there is always one to answer for what is changed.
 */
import type { TcpItem } from "../../faults/tcp/contract.ts";
import { cutAt } from "../../faults/tcp/cut.ts";
import { copyOf, judge, type Stage } from "./stage.ts";

export interface Judgement {
  readonly stages: readonly Stage[];
  /** The same, with the states that they had before the item; they are not changed. */
  readonly before: readonly Stage[];
  readonly item: TcpItem;
  readonly outputs: readonly TcpItem[];
  /** From when on the receiver could have got it: nothing that is due earlier is late. */
  readonly since: number;
  readonly now: number;
  /** Bytes before this offset are out of the question: they were delivered before it was judged. */
  readonly from: number;
}

export function findHits(judgement: Judgement): void {
  const { stages, before, item, outputs } = judgement;
  const unchanged = outputs.length === 1 && outputs[0] === item;
  if (unchanged || stages.every(({ hit, lifted }) => hit || lifted !== undefined)) return;
  const wouldBe = (acting: readonly Stage[]): readonly TcpItem[] => {
    return receivedOf(
      judge(acting, item, () => undefined),
      judgement,
    );
  };
  const all = before.map(copyOf);
  const got = wouldBe(all);
  let acting = before.map((stage, index) => (all[index]?.touched === true ? stage : idle(stage)));
  for (const [index, stage] of [...stages.entries()].toReversed()) {
    if (stage.hit || all[index]?.touched !== true) continue;
    const others = acting.map((each, n) => (n === index ? idle(each) : each));
    if (same(got, wouldBe(others.map(copyOf)))) {
      acting = others;
    } else {
      stage.hit = true;
      stage.onHit(item);
    }
  }
}

/** In its place, so that bytes are cut where it would cut them, but without effect. */
function idle(stage: Stage): Stage {
  return { ...stage, fault: { ...stage.fault, map: (item) => item } };
}

/** What of it the receiver has got by now, or gets now, and when. */
function receivedOf(outputs: readonly TcpItem[], { since, now, from }: Judgement): readonly TcpItem[] {
  const waits = outputs.findIndex(({ due }) => due > now);
  return outputs
    .slice(0, waits < 0 ? outputs.length : waits)
    .map((output) => (output.type === "data" && output.again !== true ? cutAt(output, from)[1] : output))
    .filter((output) => (output.type === "data" ? output.bytes.length > 0 : output.type !== "tick"))
    .map((output) => ({ ...output, due: Math.max(output.due, since) }));
}

function same(some: readonly TcpItem[], others: readonly TcpItem[]): boolean {
  return (
    some.length === others.length &&
    some.every((one, index) => {
      const other = others[index];
      if (other === undefined || one.type !== other.type || one.due !== other.due) return false;
      if (one.type === "open" && other.type === "open") return one.to === other.to;
      return one.type !== "data" || other.type !== "data" || Buffer.compare(one.bytes, other.bytes) === 0;
    })
  );
}
