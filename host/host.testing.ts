/**
 * What every host does, the real one and the simulated one alike: each test was written against the real host first.
 *
 *     describe("the real host", () => describeHost(startPair))
 */
import { once } from "node:events";
import { describe, expect, test } from "vitest";
import type { Socket } from "./host.ts";
import { describeFiles } from "./files.testing.ts";
import { describeProcesses } from "./processes.testing.ts";
import { describeDatagrams } from "./datagrams.testing.ts";
import { describeLocalSockets } from "./local-sockets.testing.ts";
import { describeNames } from "./names.testing.ts";
import { readAll, readBytes, startTalk, until, type HostPair } from "./talk.testing.ts";
import { describeSecure } from "./secure.testing.ts";
import { describeTcp } from "./tcp.testing.ts";

export function describeHost(startPair: () => Promise<HostPair>): void {
  describeNetwork(startPair);
  describe("a Unix domain socket", () => {
    describeLocalSockets(startPair);
  });
  describe("datagrams", () => {
    describeDatagrams(startPair);
  });
  describe("names", () => {
    describeNames(startPair);
  });
  describe.each([{ tls: false }, { tls: true }])("a connection (tls: $tls)", ({ tls }) => {
    describeConnection(startPair, tls);
  });
  describeTcp(startPair);
  describeTls(startPair);
  describe("TLS with certificates that are made", () => {
    describeSecure(startPair);
  });
  describeClock(startPair);
  describeFiles(startPair);
  describeProcesses(startPair);
  describeRandom(startPair);
}

function describeNetwork(startPair: () => Promise<HostPair>): void {
  test("a connect where nobody listens is refused, and logged with the address that was tried", async () => {
    await using pair = await startPair();
    const listener = await pair.server.network.listen({ port: 0 }, () => {});
    const { port } = listener.address;
    await listener[Symbol.asyncDispose]();
    await expect(pair.client.network.connect({ host: pair.place, port })).rejects.toMatchObject({
      code: "ECONNREFUSED",
    });
    const [address] = await pair.client.network.resolve({ host: pair.place, port });
    expect(pair.logged).toEqual([
      { event: "network.refused", fields: { host: pair.place, port, address: `${address?.host}:${address?.port}` } },
    ]);
  });

  test("a port that is taken can't be taken again, and can as soon as its door was closed", async () => {
    await using pair = await startPair();
    const first = await pair.server.network.listen({ port: 0 }, () => {});
    const { host, port } = first.address;
    await expect(pair.server.network.listen({ host, port }, () => {})).rejects.toMatchObject({ code: "EADDRINUSE" });
    await first[Symbol.asyncDispose]();
    await using second = await pair.server.network.listen({ host, port }, () => {});
    expect(second.address.port).toBe(port);
  });

  test("a connection outlives the door that it came through, and the door opens again beside it", async () => {
    await using pair = await startPair();
    await using talk = await startTalk(pair, {});
    const { host, port } = talk.listener.address;
    await talk.listener[Symbol.asyncDispose]();
    talk.client.write("still here");
    expect(await readBytes(talk.server, 10)).toBe("still here");
    await using again = await pair.server.network.listen({ host, port }, () => {});
    expect(again.address.port).toBe(port);
  });

  test("a connect that was told not to begin does not", async () => {
    await using pair = await startPair();
    const reason = new Error("no more");
    const signal = AbortSignal.abort(reason);
    await expect(pair.client.network.connect({ host: pair.place, port: 1 }, { signal })).rejects.toBe(reason);
  });

  test("a signal that aborts after the connect leaves the connection alone", async () => {
    await using pair = await startPair();
    await using listener = await pair.server.network.listen({ port: 0 }, (socket) => socket.pipe(socket));
    const controller = new AbortController();
    const socket = await pair.client.network.connect({ host: pair.place, port: listener.address.port }, controller);
    controller.abort();
    socket.write("hello");
    expect(await readBytes(socket, 5)).toBe("hello");
    socket.destroy();
  });

  test("a paused connection is not read until somebody does", async () => {
    await using pair = await startPair();
    const received: string[] = [];
    const accepted: Socket[] = [];
    await using listener = await pair.server.network.listen({ port: 0, pauseOnConnect: true }, (socket) => {
      accepted.push(socket);
      socket.on("data", (chunk: Buffer) => received.push(String(chunk)));
      socket.on("end", () => socket.destroy());
    });
    const address = { host: pair.place, port: listener.address.port };
    const early = await pair.client.network.connect(address);
    early.write("early");
    await until(() => accepted.length === 1);
    const late = await pair.client.network.connect(address);
    late.write("late");
    await until(() => accepted.length === 2);
    accepted[1]?.resume();
    await until(() => received.length === 1);
    expect(received).toEqual(["late"]);
    accepted[0]?.resume();
    await until(() => received.length === 2);
    expect(received).toEqual(["late", "early"]);
    for (const socket of [early, late]) socket.destroy();
  });
}

function describeConnection(startPair: () => Promise<HostPair>, tls: boolean): void {
  test("carries bytes both ways", async () => {
    await using pair = await startPair();
    await using talk = await startTalk(pair, { tls });
    talk.client.write("question");
    expect(await readBytes(talk.server, 8)).toBe("question");
    talk.server.write("answer");
    expect(await readBytes(talk.client, 6)).toBe("answer");
  });

  test("ended by the client, still carries the server's answer", async () => {
    await using pair = await startPair();
    await using talk = await startTalk(pair, { tls, halfOpen: true });
    talk.client.end("question");
    expect(await readAll(talk.server)).toBe("question");
    talk.server.end("answer");
    expect(await readAll(talk.client)).toBe("answer");
  });

  test("ended by the server, still carries what the client has to say", async () => {
    await using pair = await startPair();
    await using talk = await startTalk(pair, { tls, halfOpen: true });
    talk.server.end("greeting");
    expect(await readAll(talk.client)).toBe("greeting");
    talk.client.end("last words");
    expect(await readAll(talk.server)).toBe("last words");
  });

  test("answers an end with an end, unless it may be half open", async () => {
    await using pair = await startPair();
    await using talk = await startTalk(pair, { tls });
    talk.server.resume();
    talk.client.resume().end();
    await Promise.all([once(talk.client, "close"), once(talk.server, "close")]);
    expect([talk.client.destroyed, talk.server.destroyed]).toEqual([true, true]);
  });

  test.each(["client", "server"] as const)("reset by the %s, ends the other side with ECONNRESET", async (side) => {
    await using pair = await startPair();
    await using talk = await startTalk(pair, { tls, halfOpen: true });
    const other = side === "client" ? talk.server : talk.client;
    // TLS's last words of the handshake are behind them then: an end of the handshake is another matter.
    talk.server.write("hello");
    await readBytes(talk.client, 5);
    const error = once(other, "error");
    other.resume();
    talk[side].write("lost or not");
    talk[side].resetAndDestroy();
    expect(await error).toEqual([expect.objectContaining({ code: "ECONNRESET" })]);
  });

  test.each([0, 1024])("ended and reset in one breath, %i bytes behind, is gone on both sides", async (length) => {
    await using pair = await startPair();
    await using talk = await startTalk(pair, { tls, halfOpen: true });
    talk.server.write("hello");
    await readBytes(talk.client, 5);
    const closed = [talk.client, talk.server].map(
      (socket) => new Promise((resolve) => void socket.on("error", () => {}).once("close", resolve)),
    );
    talk.client.resume();
    talk.server.end(Buffer.alloc(length, "x"));
    talk.server.resetAndDestroy();
    // The other side may have read the end first: then it is its turn to close.
    talk.client.on("end", () => talk.client.end());
    await Promise.all(closed);
    expect([talk.client.destroyed, talk.server.destroyed]).toEqual([true, true]);
  });

  test("makes the sender wait for a reader, and loses nothing", async () => {
    await using pair = await startPair();
    await using talk = await startTalk(pair, { tls, halfOpen: true, pauseOnConnect: true });
    const chunk = Buffer.alloc(64 * 1024, "x");
    let sent = 0;
    // Far more than any kernel buffers: the loop ends because the sender was told to wait, and nothing makes it go on.
    while (sent < 256 * 1024 * 1024) {
      sent += chunk.length;
      if (talk.client.write(chunk)) continue;
      const drained = once(talk.client, "drain").then(() => true);
      const stuck = pair.client.clock.sleep(200).then(() => false);
      if (!(await Promise.race([drained, stuck]))) break;
    }
    expect(talk.client.writableNeedDrain).toBe(true);
    talk.client.end();
    let received = 0;
    for await (const piece of talk.server) received += (piece as Buffer).length;
    expect(received).toBe(sent);
  });
}

function describeTls(startPair: () => Promise<HostPair>): void {
  test("a certificate of another authority is not trusted", async () => {
    await using pair = await startPair();
    await using listener = await pair.server.network.listen({ port: 0, tls: true }, () => {});
    const address = { host: pair.place, port: listener.address.port };
    await expect(pair.stranger.network.connect({ ...address, tls: true })).rejects.toMatchObject({
      code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    });
  });

  test("a certificate for another name is not accepted", async () => {
    await using pair = await startPair();
    await using listener = await pair.server.network.listen({ port: 0, tls: true }, () => {});
    const address = { host: pair.place, port: listener.address.port };
    await expect(
      pair.client.network.connect({ ...address, tls: true, servername: "other.test" }),
    ).rejects.toMatchObject({
      code: "ERR_TLS_CERT_ALTNAME_INVALID",
    });
  });

  test("a server's program hears nothing of those who do not trust it", async () => {
    await using pair = await startPair();
    const accepted: Socket[] = [];
    await using listener = await pair.server.network.listen({ port: 0, tls: true }, (socket) => accepted.push(socket));
    const address = { host: pair.place, port: listener.address.port, tls: true };
    await expect(pair.stranger.network.connect(address)).rejects.toThrow("unable to verify the first certificate");
    const trusting = await pair.client.network.connect(address);
    await until(() => accepted.length > 0);
    expect(accepted.map(({ remotePort }) => remotePort)).toEqual([trusting.localPort]);
    trusting.destroy();
  });

  test("what answers without TLS is no TLS server, whatever it says", async () => {
    await using pair = await startPair();
    await using listener = await pair.server.network.listen({ port: 0 }, (socket) => {
      socket.on("error", () => {}).end("HTTP/1.0 400 Bad Request\r\n\r\n");
    });
    const address = { host: pair.place, port: listener.address.port };
    await expect(pair.client.network.connect({ ...address, tls: true })).rejects.toMatchObject({
      code: "ERR_SSL_WRONG_VERSION_NUMBER",
    });
  });

  test("nobody serves TLS without a certificate", async () => {
    await using pair = await startPair();
    await expect(pair.client.network.listen({ port: 0, tls: true }, () => {})).rejects.toThrow(
      "this service has no certificate to serve TLS with",
    );
  });

  test.each(["destroy", "resetAndDestroy"] as const)(
    "a handshake that the server cuts short (%s) rejects the connect",
    async (way) => {
      await using pair = await startPair();
      await using listener = await pair.server.network.listen({ port: 0 }, (socket) => socket[way]());
      const address = { host: pair.place, port: listener.address.port };
      await expect(pair.client.network.connect({ ...address, tls: true })).rejects.toMatchObject({
        code: "ECONNRESET",
      });
    },
  );

  test("a connect that hangs in the handshake ends with the signal's reason", async () => {
    await using pair = await startPair();
    const reason = new Error("enough");
    const controller = new AbortController();
    await using listener = await pair.server.network.listen({ port: 0 }, (socket) => {
      socket.on("error", () => {});
      socket.once("data", () => controller.abort(reason));
    });
    const address = { host: pair.place, port: listener.address.port };
    await expect(pair.client.network.connect({ ...address, tls: true }, controller)).rejects.toBe(reason);
  });

  test("a client that speaks no TLS does no harm to the next one", async () => {
    await using pair = await startPair();
    await using listener = await pair.server.network.listen({ port: 0, tls: true }, (socket) => socket.pipe(socket));
    const address = { host: pair.place, port: listener.address.port };
    const rude = await pair.client.network.connect(address);
    rude.on("error", () => {}).resume();
    rude.end("GET / HTTP/1.0\r\n\r\n");
    await once(rude, "close");
    const polite = await pair.client.network.connect({ ...address, tls: true });
    polite.write("hello");
    expect(await readBytes(polite, 5)).toBe("hello");
    polite.destroy();
  });
}

function describeClock(startPair: () => Promise<HostPair>): void {
  test("a sleep is never shorter than it should be", async () => {
    await using pair = await startPair();
    const { clock } = pair.client;
    for (const milliseconds of [0, 0.3, 1, 2.5, 10]) {
      const began = clock.monotonic();
      await clock.sleep(milliseconds);
      expect(clock.monotonic() - began).toBeGreaterThanOrEqual(milliseconds);
    }
  });

  test("time passes for whoever waits for none of it, again and again", async () => {
    await using pair = await startPair();
    const { clock } = pair.client;
    const began = clock.monotonic();
    for (const milliseconds of [0, -5, 0.01, NaN, ...Array<number>(20).fill(0)]) await clock.sleep(milliseconds);
    expect(clock.monotonic() - began).toBeGreaterThan(10);
  });

  test("a sleep that is aborted rejects with the signal's reason", async () => {
    await using pair = await startPair();
    const reason = new Error("wake up");
    const controller = new AbortController();
    const sleep = pair.client.clock.sleep(Infinity, controller);
    controller.abort(reason);
    await expect(sleep).rejects.toBe(reason);
    await expect(pair.client.clock.sleep(0, controller)).rejects.toBe(reason);
  });

  test("the start of the machine has one name, and the monotonic clock counts from it", async () => {
    await using pair = await startPair();
    const { clock } = pair.client;
    const { boot } = clock;
    expect(boot).not.toBe("");
    await clock.sleep(1);
    expect(clock.boot).toBe(boot);
    expect(clock.monotonic()).toBeGreaterThan(0);
  });

  test("timers fire in the order of their times, and a disposed one never", async () => {
    await using pair = await startPair();
    const { clock } = pair.client;
    const fired: number[] = [];
    clock.timer(20, () => fired.push(20));
    clock.timer(5, () => fired.push(5));
    clock.timer(10, () => fired.push(10))[Symbol.dispose]();
    // Longer than the longest of Node's, which would fire at once.
    using month = clock.timer(31 * 24 * 60 * 60 * 1000, () => fired.push(Infinity));
    void month;
    await clock.sleep(25);
    await until(() => fired.length > 1);
    expect(fired).toEqual([5, 20]);
  });
}

function describeRandom(startPair: () => Promise<HostPair>): void {
  test("random numbers are between 0 and 1, and bytes as many as were asked for", async () => {
    await using pair = await startPair();
    const { random } = pair.client;
    const numbers = Array.from({ length: 1000 }, () => random.number());
    expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true);
    expect(new Set(numbers).size).toBe(1000);
    expect(random.bytes(16)).toHaveLength(16);
    expect(random.bytes(16)).not.toEqual(random.bytes(16));
  });
}
