/** Where a plan leads connections: to a server that is there, and is somebody else's. */
import { expect, test } from "vitest";
import { problemsIn } from "./plan.testing.ts";

const withStep = (...lines: readonly string[]): string => `plan: p
services:
  node: { program: node.ts }
  plc: { command: [plc] }
  tenant: { command: [tenant] }
links:
  fetch: { from: node, to: plc, proto: https, port: 443 }
  new_home: { from: node, to: plc, proto: https, port: 443, name: new.test }
  talk: { from: node, to: plc, proto: tcp, port: 80, name: talk.test }
  next: { from: plc, to: tenant, proto: https, port: 443 }
  time: { from: node, to: tenant, proto: ntp, name: time.test }
phases:
  - name: storm
    for: 60s
    faults:
${lines.map((line) => `      ${line}`).join("\n")}
`;

const itself = "leads to the server of fetch itself: write a link to somebody else";
const stranger = "phases[0].faults[0].tcp.stranger.to";

test.each([
  [["- tcp.stranger: { to: link:nxt }", "  where: fetch"], `${stranger}: there is no link nxt: did you mean next?`],
  [
    ["- tcp.stranger: { to: next }", "  where: fetch"],
    `${stranger}: write a host and a port, such as db2.test:5432, or in a plan another link of it, such as link:next_tenant`,
  ],
  [["- tcp.stranger: { to: link:fetch }", "  where: fetch"], `${stranger}: fetch ${itself}`],
  [["- tcp.stranger: { to: link:new_home }", "  where: [talk, fetch]"], `${stranger}: new_home ${itself}`],
  [["- tcp.stranger: { to: link:new_home }", "  where: all"], `${stranger}: new_home ${itself}`],
  [
    ["- tcp.stranger: { to: { cycle: [link:next, link:fetch] } }", "  where: fetch", "  every: 10s"],
    `${stranger}.cycle[1]: fetch ${itself}`,
  ],
  [
    ["- tcp.stranger: { to: link:time }", "  where: fetch"],
    `${stranger}: nobody connects to the server of time, which is a link of proto: ntp: write one over tcp`,
  ],
])("%s", async (lines, problem) => {
  expect(await problemsIn(withStep(...lines))).toEqual([expect.stringContaining(problem)]);
});

test.each([
  [["- tcp.stranger: { to: link:next }", "  where: fetch", "  every_nth: 2"]],
  [["- tcp.stranger: { to: link:talk }", "  where: fetch", "  leg: upstream"]],
  [["- tcp.stranger: { to: 198.18.0.9:443 }", "  where: all"]],
])("right: %s", async (lines) => {
  expect(await problemsIn(withStep(...lines))).toEqual([]);
});
