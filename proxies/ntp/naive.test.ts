/** What befalls a client that believes whatever comes, and what tells a careful one: for faults of more than one reply. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { expect, test } from "vitest";
import { unixTimeOf } from "../../faults/ntp/timestamp.ts";
import { encode } from "./wire/packet.ts";
import { chronyd, openClient, requestWith, startScene, type Client, type Scene } from "./ntp.testing.ts";

const whole = (seconds: number): number => Math.round(seconds) + 0;

async function askTimes({ wrongBy }: Scene, client: Client, times: number): Promise<readonly number[]> {
  const all: number[] = [];
  for (let n = 0; n < times; n += 1) all.push(wrongBy((await client.query()).packet));
  return all;
}

test("ntp.alternate: it jumps with every poll", async () => {
  await using scene = await startScene();
  await using client = await openClient(scene.port);
  await scene.inject("ntp.alternate", { by: "20s" });
  expect((await askTimes(scene, client, 4)).map(whole)).toEqual([0, 20, 0, 20]);
  expect(scene.hits.map(({ request }) => request)).toEqual([2, 4]);
});

test("ntp.alternate: each client has turns of its own", async () => {
  await using scene = await startScene();
  await scene.inject("ntp.alternate", { by: "20s" });
  await using client = await openClient(scene.port);
  // The same address, and another port: the same client, as chrony is.
  await using another = await openClient(scene.port);
  expect(whole(scene.wrongBy((await client.query()).packet))).toBe(0);
  expect(whole(scene.wrongBy((await another.query()).packet))).toBe(20);
});

test("ntp.drift: it is wrong by more each time, and by nothing when the fault is lifted", async () => {
  await using scene = await startScene();
  await using client = await openClient(scene.port);
  // A second in a millisecond, so that nobody has to wait for it.
  const drift = await scene.inject("ntp.drift", { ppm: 1_000_000 });
  const began = Date.now();
  const first = scene.wrongBy((await client.query()).packet);
  while (Date.now() - began < 20) await client.query();
  const later = scene.wrongBy((await client.query()).packet);
  expect(later).toBeGreaterThan(first);
  expect(later).toBeGreaterThan(0.01);
  await drift[Symbol.asyncDispose]();
  expect(scene.wrongBy((await client.query()).packet)).toBe(0);
});

test("ntp.jitter and ntp.wander: no two replies are wrong by the same, and those of a walk by a step each", async () => {
  await using scene = await startScene();
  await using client = await openClient(scene.port);
  const jitter = await scene.inject("ntp.jitter", { by: "1h" });
  const noise = (await askTimes(scene, client, 8)).map(whole);
  expect(new Set(noise).size).toBeGreaterThan(6);
  expect(Math.max(...noise.map(Math.abs))).toBeLessThanOrEqual(3601);
  await jitter[Symbol.asyncDispose]();
  await scene.inject("ntp.wander", { by: "1h" });
  const walk = (await askTimes(scene, client, 8)).map(whole);
  const steps = walk.map((place, n) => Math.abs(place - (walk[n - 1] ?? 0)));
  expect(Math.max(...steps)).toBeLessThanOrEqual(3602);
  expect(new Set(walk).size).toBeGreaterThan(6);
});

test("ntp.kiss-of-death of a stranger comes first, and its origin tells; chrony takes the server's reply", async () => {
  await using scene = await startScene();
  await using client = await openClient(scene.port);
  await scene.inject("ntp.kiss-of-death", { code: "DENY", from: "stranger" });
  const { packet, request } = await client.query();
  expect([packet?.stratum, packet?.origin === request.transmit]).toEqual([0, false]);
  const genuine = await client.hear();
  expect([genuine.packet?.stratum, genuine.packet?.origin === request.transmit]).toEqual([2, true]);
  expect((await chronyd(scene.port)).offset).toBeCloseTo(0, 0);
});

test("ntp.kiss-of-death is given without the server", async () => {
  await using scene = await startScene();
  await using client = await openClient(scene.port);
  await scene.inject("ntp.kiss-of-death", { code: "RSTR" }, { first: 1 });
  expect((await client.query()).packet?.stratum).toBe(0);
  expect(scene.server.asked).toEqual([]);
  expect((await client.query()).packet?.stratum).toBe(2);
});

test("ntp.duplicate: the same comes again", async () => {
  await using scene = await startScene();
  await using client = await openClient(scene.port);
  await scene.inject("ntp.duplicate", { copies: 2 });
  const first = await client.query();
  for (const copy of [await client.hear(), await client.hear()])
    expect(Buffer.compare(copy.bytes, first.bytes)).toBe(0);
  expect((await chronyd(scene.port)).offset).toBeCloseTo(0, 0);
});

test("ntp.replay: what came is older than what was asked, and chrony uses none of it", async () => {
  await using scene = await startScene();
  await using client = await openClient(scene.port);
  await scene.inject("ntp.replay", { back: 2 });
  const all: Awaited<ReturnType<Client["query"]>>[] = [];
  for (let n = 0; n < 4; n += 1) all.push(await client.query());
  expect(all.map(({ packet }) => all.findIndex(({ request }) => request.transmit === packet?.origin))).toEqual([
    0, 1, 0, 1,
  ]);
  expect((await chronyd(scene.port, "", 3)).offset).toBeUndefined();
});

test("ntp.crossed: each reply answers the question before", async () => {
  await using scene = await startScene();
  await using client = await openClient(scene.port);
  await scene.inject("ntp.crossed");
  const first = client.ask();
  await expect.poll(() => scene.server.asked).toHaveLength(1);
  const second = await client.query();
  expect(second.packet?.origin).toBe(first.transmit);
  expect((await client.query()).packet?.origin).toBe(second.request.transmit);
});

test("ntp.wrong-source: whoever does not look takes it all the same", async () => {
  await using scene = await startScene();
  await using client = await openClient(scene.port);
  await scene.inject("ntp.wrong-source");
  const heard = await client.query();
  expect(heard.port).not.toBe(scene.port);
  expect(whole(scene.wrongBy(heard.packet))).toBe(0);
});

test("ntp.spoof: a guessed request is believed, by chrony too; a wrong one by the naive alone", async () => {
  await using scene = await startScene();
  await using client = await openClient(scene.port);
  const wrong = await scene.inject("ntp.spoof", { by: "1h" });
  expect(whole(scene.wrongBy((await client.query()).packet))).toBe(3600);
  expect(whole(scene.wrongBy((await client.hear()).packet))).toBe(0);
  expect((await chronyd(scene.port)).offset).toBeCloseTo(0, 0);
  await wrong[Symbol.asyncDispose]();
  await scene.inject("ntp.spoof", { by: "1h", origin: "guessed" });
  expect((await chronyd(scene.port)).offset).toBeCloseTo(3600, 0);
});

test("ntp.drop: of requests the server sees nothing, of replies it has answered", async () => {
  await using scene = await startScene();
  await using client = await openClient(scene.port);
  const requests = await scene.inject("ntp.drop", {}, { everyNth: 2 });
  const [first, , third] = [client.ask(), client.ask(), client.ask()];
  expect([(await client.hear()).packet?.origin, (await client.hear()).packet?.origin]).toEqual([
    first.transmit,
    third.transmit,
  ]);
  expect(scene.server.asked).toHaveLength(2);
  expect(scene.hits).toHaveLength(1);
  await requests[Symbol.asyncDispose]();
  const replies = await scene.inject("ntp.drop", { lost: "reply" });
  client.ask();
  await expect.poll(() => scene.hits).toHaveLength(2);
  expect(scene.server.asked).toHaveLength(3);
  expect((await chronyd(scene.port, "", 3)).offset).toBeUndefined();
  await replies[Symbol.asyncDispose]();
  expect(whole(scene.wrongBy((await client.query()).packet))).toBe(0);
});

test("ntp.drop of a burst lets its first request through", async () => {
  await using scene = await startScene();
  await using client = await openClient(scene.port);
  await scene.inject("ntp.drop", { closer_than: "1h" });
  const first = client.ask();
  client.ask();
  client.ask();
  expect((await client.hear()).packet?.origin).toBe(first.transmit);
  await expect.poll(() => scene.hits).toHaveLength(2);
});

test("ntp.blocked: whoever has connected his socket is refused, and is served again afterwards", async () => {
  await using scene = await startScene();
  const socket = createSocket("udp4");
  socket.connect(scene.port, "127.0.0.1");
  await once(socket, "connect");
  const blocked = await scene.inject("ntp.blocked");
  const refused = once(socket, "error");
  socket.send(encode(requestWith()));
  expect(await refused).toMatchObject([{ code: "ECONNREFUSED" }]);
  expect((await chronyd(scene.port, "", 2)).offset).toBeUndefined();
  await blocked[Symbol.asyncDispose]();
  const answered = once(socket, "message");
  socket.send(encode(requestWith()));
  await answered;
  socket.close();
});

test("ntp.stratum climbs with each request", async () => {
  await using scene = await startScene();
  await using client = await openClient(scene.port);
  await scene.inject("ntp.stratum", { to: 4, climbs: "yes" });
  const strata: (number | undefined)[] = [];
  for (let n = 0; n < 4; n += 1) strata.push((await client.query()).packet?.stratum);
  expect(strata).toEqual([3, 4, 4, 4]);
});

test("ntp.asymmetric-delay: what is under way when it is lifted comes at once", async () => {
  await using scene = await startScene();
  await using client = await openClient(scene.port);
  const late = await scene.inject("ntp.asymmetric-delay", { out: "10h" });
  const asked = client.ask();
  await expect.poll(() => scene.hits).toHaveLength(1);
  expect(scene.server.asked).toEqual([]);
  await late[Symbol.asyncDispose]();
  expect((await client.hear()).packet?.origin).toBe(asked.transmit);
});

test("ntp.impossible-times: a naive client would find that the way took less than no time", async () => {
  await using scene = await startScene();
  await using client = await openClient(scene.port);
  await scene.inject("ntp.impossible-times", { what: "negative-delay" });
  const began = Date.now();
  const { packet } = await client.query();
  const atServer = unixTimeOf(packet?.transmit ?? 0n, began) - unixTimeOf(packet?.receive ?? 0n, began);
  expect(Date.now() - began - atServer).toBeLessThan(0);
});

test("faults add up: later ones see what earlier ones have made, and each tells of its own hits", async () => {
  await using scene = await startScene();
  await using client = await openClient(scene.port);
  await scene.inject("ntp.offset", { by: "10s" });
  await scene.inject("ntp.offset", { by: "20s" });
  await scene.inject("ntp.version", { to: 4 });
  expect(whole(scene.wrongBy((await client.query()).packet))).toBe(30);
  // What changes nothing has hit nothing.
  expect(scene.hits).toHaveLength(2);
});
