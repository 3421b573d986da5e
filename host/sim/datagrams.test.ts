import { expect, test } from "vitest";
import { clientAddress, serverAddress, startSimulatedPair } from "./pair.testing.ts";

// As counted on Linux 6.18, with its default of 212,992 bytes.
test.each([
  { bytes: 1, kept: 256 },
  { bytes: 200, kept: 166 },
  { bytes: 1000, kept: 92 },
  { bytes: 4000, kept: 25 },
  { bytes: 16_000, kept: 12 },
  { bytes: 32_000, kept: 6 },
  { bytes: 65_507, kept: 3 },
])("a machine that stands still keeps $kept datagrams of $bytes bytes, and loses the rest", async ({ bytes, kept }) => {
  await using pair = await startSimulatedPair();
  const heard: number[] = [];
  await using socket = await pair.server.network.bind({ port: 53 }, ([byte = -1]) => void heard.push(byte));
  await using sender = await pair.client.network.bind({ port: 0 }, () => {});
  pair.serverMachine.cpu.freeze(true);
  for (let count = 0; count < 300; count += 1) {
    sender.send(new Uint8Array(bytes).fill(count % 256), { host: serverAddress, port: socket.address.port });
  }
  await pair.client.clock.sleep(1000);
  expect(heard).toEqual([]);
  pair.serverMachine.cpu.freeze(false);
  await pair.client.clock.sleep(1);
  expect(heard).toEqual(Array.from({ length: kept }, (_, count) => count % 256));
});

test("a socket on one address is not reached through another, and is known by its own", async () => {
  await using pair = await startSimulatedPair();
  const heard: string[] = [];
  await using socket = await pair.server.network.bind({ host: "127.0.0.1", port: 53 }, (bytes, { host }) => {
    heard.push(`${host} ${String(Buffer.from(bytes))}`);
  });
  await using neighbour = await pair.server.network.bind({ port: 0 }, () => {});
  await using stranger = await pair.client.network.bind({ port: 0 }, () => {});
  stranger.send(Buffer.from("from afar"), { host: serverAddress, port: 53 });
  stranger.send(Buffer.from("to itself"), { host: "127.0.0.1", port: 53 });
  neighbour.send(Buffer.from("from here"), socket.address);
  await pair.client.clock.sleep(1);
  expect(heard).toEqual(["127.0.0.1 from here"]);
});

test("a datagram takes the time of the wire, and nobody has the address of a machine that is not there", async () => {
  await using pair = await startSimulatedPair();
  const heard: number[] = [];
  await using socket = await pair.server.network.bind({ port: 53 }, () => void heard.push(pair.time.now()));
  await using sender = await pair.client.network.bind({ port: 0, host: clientAddress }, () => {});
  const sent = pair.time.now();
  sender.send(new Uint8Array(1), { host: "198.18.0.99", port: 53 });
  sender.send(new Uint8Array(1), { host: serverAddress, port: socket.address.port });
  await pair.client.clock.sleep(1);
  expect(heard).toHaveLength(1);
  expect(heard[0]).toBeCloseTo(sent + 0.1, 2);
});
