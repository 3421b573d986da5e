/** What a fault refuses of several parameters together is a mistake of the plan, and shows when it is read. */
import { expect, test } from "vitest";
import { problemsIn, twoServices } from "./plan.testing.ts";

const planWith = (...lines: readonly string[]): string => `plan: p
${twoServices.replace("proto: https, port: 443", "proto: dns")}
params: { home: { default: 2001:db8::1 }, some: { default: 0B } }
phases:
  - name: storm
    for: 60s
    faults:
${lines.map((line) => `      ${line}`).join("\n")}
`;
const twoFamilies = "write two addresses of one family, both IPv4 or both IPv6";
const same = "write another address to move to: from and to are the same";
const tooShort = "write a size of 1B or more";

test.each([
  [["- dns.renumber: { from: 10.0.0.1, to: 2001:db8::1 }"], `.faults[0].dns.renumber: ${twoFamilies}`],
  [
    ["- none: {}", "- dns.renumber: { from: 10.0.0.1, to: $home }", "  every: 10s"],
    `.faults[1].dns.renumber: ${twoFamilies}`,
  ],
  [["- dns.renumber: { from: $home, to: 2001:DB8:0::1 }"], `.faults[0].dns.renumber: ${same}`],
  // Never drawn: nothing happens at a moment that never comes.
  [
    ["- dns.renumber: { from: 10.0.0.1, to: 2001:db8::1 }", "  when: node.exited"],
    `.faults[0].dns.renumber: ${twoFamilies}`,
  ],
  [
    ["- choose:", "    - { weight: 100000, none: {} }", "    - dns.renumber: { from: 10.0.0.1, to: 2001:db8::1 }"],
    `.faults[0].choose[1].dns.renumber: ${twoFamilies}`,
  ],
  [
    ["- dns.renumber: { from: 10.0.0.1, to: { cycle: [10.0.0.2, 2001:db8::1] } }", "  every: 10s"],
    `.faults[0].dns.renumber: ${twoFamilies}`,
  ],
  [
    ["- dns.answer: { name: plc.test, cname: a..b }"],
    ".faults[0].dns.answer.cname: write a name without an empty label, not a..b",
  ],
  [
    ["- dns.cname_flap: { to: .test, or: . }"],
    ".faults[0].dns.cname_flap.to: write a name without an empty label, not .test",
  ],
  [
    [`- dns.spoof: { address: 192.0.2.1, besides: ${"x".repeat(64)} }`],
    ".faults[0].dns.spoof.besides: write a shorter label: 63 characters at most, not",
  ],
  [
    [`- dns.ptr: { name: ${"x.".repeat(127)}test }`],
    ".faults[0].dns.ptr.name: write a shorter name: 253 characters at most",
  ],
  [["- dns.renumber: { from: link:fetch, to: 2001:db8::1 }"], `.faults[0].dns.renumber: ${twoFamilies}`],
  ...Object.entries({
    AAAAA: "did you mean AAAA?",
    EUI84: "did you mean EUI48?",
    WALRUS: "there is no type WALRUS here: write its number, such as TYPE65280",
    TYPE65536: "write a number of up to 65535 behind TYPE",
    aaaa: "write a type in capitals, such as A, AAAA, PTR or TYPE65280",
  }).map(([qtype, problem]): [string[], string] => [
    ["- dns.loss: {}", `  match: { qtype: ${qtype} }`],
    `.faults[0].match.qtype: ${problem}`,
  ]),
  [["- dns.rcode: {}"], ".faults[0].dns.rcode: write exactly one of code and number"],
  [["- dns.rcode: { code: servfail, number: 13 }"], ".faults[0].dns.rcode: write exactly one of code and number"],
])("%s", async (lines, problem) => {
  const problems = await problemsIn(planWith(...lines));
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatch(/^plan\.yaml:\d+:\d+ phases\[0\]/);
  expect(problems[0]).toContain(problem);
});

test("of a value that is drawn, or a parameter's, the place is the value's", async () => {
  const text = planWith(
    "- tcp.corrupt: { length: { cycle: [1B, 0B] } }",
    "  every: 10s",
    "- tcp.corrupt: { length: $some }",
    "  name: again",
  ).replace("proto: dns", "proto: tcp, port: 443");
  const problems = await problemsIn(text);
  expect(problems.map((each) => each.replace(/^\S+ phases\[0\]\.faults/, ""))).toEqual([
    `[0].tcp.corrupt.length: ${tooShort}`,
    `[1].tcp.corrupt.length: ${tooShort}`,
  ]);
});

test.each([
  "- dns.renumber: { from: 10.0.0.1, to: 10.0.0.2 }",
  "- dns.renumber: { from: 10.0.0.1, to: link:fetch }",
  "- dns.renumber: { from: $home, to: 2001:db8::2 }",
  "- dns.rcode: { number: 13 }",
  "- { dns.loss: {}, match: { qtype: TYPE265 } }",
  "- { dns.loss: {}, match: { qtype: TYPE28 } }",
  "- { dns.loss: {}, match: { qtype: EUI48 } }",
  "- { dns.loss: {}, match: { qtype: ANY } }",
])("right: %s", async (line) => {
  expect(await problemsIn(planWith(line))).toEqual([]);
});
