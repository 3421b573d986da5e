import { z } from "zod";
import { dnsFault, type Message } from "./contract.ts";
import { questionOf, resource, type Name } from "./message.ts";

const labels = [
  "full",
  "too-long",
  "long-name",
  "nul",
  "dot",
  "space",
  "underscore",
  "upper",
  "idn",
  "utf8",
  "root",
] as const;

export const oddLabels = dnsFault({
  plane: "dns",
  kind: "dns.odd-labels",
  about:
    "The name turns out to be an alias of a name that no host should have, and that DNS allows, or does not: a label may hold any bytes. What the alias leads to has the addresses.",
  source: "RFC 2181, section 11; RFC 1123, section 2.1; RFC 5890; RFC 9267, section 4 (NUL)",
  example: "{ label: nul }",
  pulse: false,
  parameters: z.strictObject({
    label: z.enum(labels, `write one of ${labels.join(", ")}`).meta({
      description:
        "full: of 63 bytes, in a name of 255; too-long: a label of 64, whose length byte is no length; long-name: a name of 320 bytes; nul: with a byte 0 in it; dot: with a dot in it; space; underscore; upper: in capitals; idn: an A-label; utf8: not ASCII; root: the root itself",
      examples: [...labels],
    }),
  }),
  start: () => ({}),
  after(reply, query, _state, { label }) {
    const asked = questionOf(query);
    if (asked === undefined) return undefined;
    return { ...reply, message: withAlias(reply.message, asked, targets[label]) };
  },
});

const letters = (count: number): string => "x".repeat(count);
const wireLabel = (length: number): readonly number[] => [length, ...Array.from({ length }, () => 0x78)];

const targets: Readonly<Record<(typeof labels)[number], Name>> = {
  full: [letters(63), letters(63), letters(63), letters(61)].join("."),
  "too-long": Uint8Array.from([...wireLabel(64), 0]),
  "long-name": Uint8Array.from([...[1, 2, 3, 4, 5].flatMap(() => wireLabel(63)), 0]),
  nul: String.raw`plc\000.test`,
  dot: String.raw`plc\.test.test`,
  space: String.raw`two\032words.test`,
  underscore: "_plc.test",
  upper: "PLC.TEST",
  idn: "xn--bcher-kva.test",
  utf8: String.raw`b\195\188cher.test`,
  root: ".",
};

function withAlias(
  message: Message,
  { name, type }: { readonly name: string; readonly type: string },
  target: Name,
): Message {
  const own = message.answers.filter((each) => each.type === type).map((each) => ({ ...each, name: target }));
  return { ...message, rcode: 0, answers: [resource(name, "CNAME", 60, { target }), ...own], authorities: [] };
}
