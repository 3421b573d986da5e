/** Who reaches the programs' ports: on simulated machines, of which each has an address besides its own loopback. */
import { expect, test } from "vitest";
import type { Host, Main } from "../host/host.ts";
import { createTestWorld, serverAddress } from "../host/sim/pair.testing.ts";
import { main as nodeManager } from "./node-manager/main.ts";
import { main as plc } from "./plc/main.ts";

const node: readonly string[] = ["--plc", "http://127.0.0.1:1"];
const plain: readonly string[] = ["--listen", "80", "--tls", "off"];

test.each<[string, Main, readonly string[], Readonly<Record<number, string>>]>([
  ["a Node Manager", nodeManager, node, { 812: "here", 3100: "everywhere" }],
  ["one with --address", nodeManager, [...node, "--address", "0.0.0.0"], { 812: "everywhere", 3100: "everywhere" }],
  ["a PLC", plc, plain, { 80: "everywhere", 8001: "here" }],
  ["one with --control-address", plc, [...plain, "--control-address", "0.0.0.0"], { 8001: "everywhere" }],
])("%s is reached where it shall be", async (_name, main, args, expected) => {
  const world = createTestWorld();
  world.start(world.server, (host) => main(host, args));
  const [near, far] = [world.open(world.server), world.open(world.client)];
  await world.time.pass(async () => {
    while (!world.logged.some(({ event }) => event === "ready")) await near.clock.sleep(10);
    const reached: Record<number, string> = {};
    for (const port of Object.keys(expected).map(Number)) {
      expect(await isOpen(near, "127.0.0.1", port)).toBe(true);
      reached[port] = (await isOpen(far, serverAddress, port)) ? "everywhere" : "here";
    }
    expect(reached).toEqual(expected);
  });
});

async function isOpen(host: Host, at: string, port: number): Promise<boolean> {
  const socket = await host.network.connect({ host: at, port }).catch(() => undefined);
  socket?.destroy();
  return socket !== undefined;
}
