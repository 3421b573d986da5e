/** In the simulated world a proxy has another address toward each client, from which replies may come by mistake. */
import { expect, test } from "vitest";
import type { Main } from "../../../host/host.ts";
import { bindPlan } from "../../plan/parse.ts";
import { parseText } from "../../plan/plan.testing.ts";
import { runTrial } from "../../run/trial.ts";

const text = `
plan: elsewhere
services:
  node: { program: node.ts }
  names: { program: names.ts }
links:
  lookup: { from: node, to: names, proto: dns }
phases:
  - name: wrong
    for: 10s
    faults:
      - dns.wrong_source: { from: address }
expect:
  - sometimes: fault("dns.wrong-source").hits > 0
`;
/** Of plc.test, A. */
const question = Buffer.from("00070100000100000000000003706c6304746573740000010001", "hex");

const node: Main = async (host) => {
  const socket = await host.network.bind({ port: 0 }, (_bytes, from) => host.log("heard", { ...from }));
  host.log("ready");
  const [server] = await host.network.resolve({ host: "names", port: 53 });
  for (;;) {
    await host.clock.sleep(1000);
    if (server !== undefined) socket.send(question, server);
  }
};

/** It says of everything that it is not there. */
const names: Main = async (host) => {
  const socket = await host.network.bind({ port: 53 }, (bytes, from) => {
    const reply = Buffer.from(bytes);
    reply.writeUInt16BE(0x8583, 2);
    socket.send(reply, from);
  });
  host.log("ready");
  return host.clock.sleep(1_000_000).then(() => 0);
};

test("and not from where the client has asked", async () => {
  const subject = "subject: none\nready: { log: ready }\n";
  const plan = bindPlan(await parseText(text, { "subject.yaml": subject, "names.ts": "" }), {
    seed: 1,
    cell: {},
    params: {},
  });
  const programs = new Map([
    ["node.ts", { main: node, folder: "/srv" }],
    ["names.ts", { main: names, folder: "/srv" }],
  ]);
  const { signal } = new AbortController();
  const { findings, events } = await runTrial({ plan, cell: {}, seed: 1, without: new Map(), programs, signal });
  expect(findings.filter(({ verdict }) => verdict !== "pass")).toEqual([]);
  const heard = events.flatMap((event) =>
    event.event === "service.log" && event.fields?.["event"] === "heard" ? [event.fields["host"]] : [],
  );
  expect(new Set(heard)).toEqual(new Set(["198.18.0.1"]));
});
