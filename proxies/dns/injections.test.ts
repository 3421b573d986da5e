/** Which one a logical question is to an injection, by questions that are met in any order. */
import { expect, test } from "vitest";
import { blackhole } from "../../faults/dns/blackhole.ts";
import { createManualClock } from "../tcp/link.testing.ts";
import { createInjections } from "./injections.ts";
import type { AskedQuestion } from "./meeting.ts";
import { createQuestions } from "./questions.ts";

test("a late reply to a try of an earlier question belongs to that one, whatever was asked since", () => {
  const clock = createManualClock();
  const questions = createQuestions(clock);
  const injections = createInjections(clock);
  const peeked = { qr: false, opcode: 0, tc: false, rcode: 0, name: "plc.test", type: "A", class: "IN" };
  const from = { connection: 1, transport: "udp", client: "198.18.0.1", socket: "198.18.0.1:5000" } as const;
  const ask = (id: number): AskedQuestion => {
    const series = questions.ask(from.client, { ...peeked, id });
    const { number, attempts: attempt } = series;
    return { ...from, question: { ...peeked, id }, series, number, attempt };
  };
  const ordinalOf = (asked: AskedQuestion): number | undefined => injections.meet(asked, [])[0]?.ordinal;
  const [early, late] = [ask(1), ask(1)];
  injections.add({ fault: blackhole, parameters: {}, onHit: () => {}, draw: () => 0 }, 0);
  for (let ordinal = 1; ordinal < 8; ordinal += 1) {
    const asked = ask(ordinal);
    expect([ordinalOf(asked), ordinalOf(ask(ordinal)), ordinalOf(early)]).toEqual([ordinal, ordinal, 1]);
    questions.answered(asked.series, asked.number, "well");
  }
  expect(ordinalOf(late)).toBe(1);
});
