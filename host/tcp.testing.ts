/** TCP's finer manners, as Linux and libuv have them: who hears what, and when, once one side has gone. Part of the contract of every host. */
import { once } from "node:events";
import { expect, test } from "vitest";
import { quiet, readAll, readBytes, startTalk, until, type HostPair } from "./talk.testing.ts";

export function describeTcp(startPair: () => Promise<HostPair>): void {
  test("each side has the other's address, and the listener its own", async () => {
    await using pair = await startPair();
    await using talk = await startTalk(pair, { host: pair.place });
    const { client, server, listener } = talk;
    expect(listener.address.host).toBe(pair.place);
    expect([client.remoteAddress, client.remotePort]).toEqual([pair.place, listener.address.port]);
    expect([server.localAddress, server.localPort]).toEqual([client.remoteAddress, client.remotePort]);
    expect([server.remoteAddress, server.remotePort]).toEqual([client.localAddress, client.localPort]);
  });

  test("errors are worded as libuv words them, and name the address", async () => {
    await using pair = await startPair();
    const { network } = pair.server;
    const listener = await network.listen({ host: pair.place, port: 0 }, () => {});
    const { host, port } = listener.address;
    await expect(network.listen({ host, port }, () => {})).rejects.toMatchObject({
      message: `listen EADDRINUSE: address already in use ${host}:${port}`,
      code: "EADDRINUSE",
      syscall: "listen",
      address: host,
      port,
    });
    await listener[Symbol.asyncDispose]();
    await expect(pair.client.network.connect({ host, port })).rejects.toMatchObject({
      message: `connect ECONNREFUSED ${host}:${port}`,
      code: "ECONNREFUSED",
      syscall: "connect",
      address: host,
      port,
    });
    await expect(network.listen({ host: "203.0.113.1", port: 0 }, () => {})).rejects.toMatchObject({
      code: "EADDRNOTAVAIL",
    });
  });

  test("a port that is taken on one address is taken for all of them", async () => {
    await using pair = await startPair();
    const { network } = pair.server;
    await using one = await network.listen({ host: pair.place, port: 0 }, () => {});
    const { port } = one.address;
    await expect(network.listen({ host: "0.0.0.0", port }, () => {})).rejects.toMatchObject({ code: "EADDRINUSE" });
    await using all = await network.listen({ host: "0.0.0.0", port: 0 }, () => {});
    await expect(network.listen({ host: pair.place, port: all.address.port }, () => {})).rejects.toMatchObject({
      code: "EADDRINUSE",
    });
  });

  test("a machine reaches itself on loopback, whatever its addresses", async () => {
    await using pair = await startPair();
    const { network } = pair.server;
    await using listener = await network.listen({ host: "127.0.0.1", port: 0 }, (socket) => {
      quiet(socket).end("it is me");
    });
    const { port } = listener.address;
    for (const host of ["127.0.0.1", "localhost", "0.0.0.0"]) {
      expect(await readAll(await network.connect({ host, port }))).toBe("it is me");
    }
  });

  test("a name that nobody has is ENOTFOUND", async () => {
    await using pair = await startPair();
    await expect(pair.client.network.connect({ host: "nobody.invalid", port: 1 })).rejects.toMatchObject({
      code: "ENOTFOUND",
    });
  });

  test("memory that a reader was lent is its own until it says that it needs it no more", async () => {
    await using pair = await startPair();
    const sent = Buffer.from(Array.from({ length: 3_000_000 }, (_, n) => (n * 31) >> 3));
    const [client, server] = [createReader(), createReader()];
    const { promise: served, resolve } = Promise.withResolvers<void>();
    const options = { host: pair.place, port: 0, pauseOnConnect: true, halfOpen: true, highWaterMark: 256 * 1024 };
    await using listener = await pair.server.network.listen(options, (accepted) => {
      const socket = pair.server.network.lend(accepted, (bytes, done) => server.onRead(bytes, done));
      expect(socket).toMatchObject({ writableHighWaterMark: 256 * 1024, allowHalfOpen: true });
      quiet(socket).once("end", resolve).resume();
      socket.end(sent);
    });
    const socket = await pair.client.network.connect({
      ...listener.address,
      halfOpen: true,
      highWaterMark: 256 * 1024,
      onRead: (bytes, done) => client.onRead(bytes, done),
    });
    expect(socket.writableHighWaterMark).toBe(256 * 1024);
    const ended = once(quiet(socket).resume(), "end");
    socket.end(sent);
    await Promise.all([ended, served]);
    expect(client.all().equals(sent)).toBe(true);
    expect(server.all().equals(sent)).toBe(true);
  });

  test("what arrived before a reset is read before it", async () => {
    await using pair = await startPair();
    await using talk = await startTalk(pair, { halfOpen: true, pauseOnConnect: true });
    const { client, server } = talk;
    await new Promise((resolve) => void client.write("last words", resolve));
    client.resetAndDestroy();
    const seen: unknown[] = [];
    server.on("data", (chunk: Buffer) => seen.push(String(chunk)));
    server.on("error", (error: NodeJS.ErrnoException) => seen.push(error.code, error.syscall));
    await pair.client.clock.sleep(20);
    server.resume();
    await until(() => server.destroyed && seen.length > 1);
    expect(seen).toEqual(["last words", "ECONNRESET", "read"]);
  });

  test.each([
    { unread: true, seen: ["ECONNRESET", "read", "closed"] },
    { unread: false, seen: ["end", "closed"] },
  ])("closing with something unread ($unread) is a reset, else an end", async ({ unread, seen: expected }) => {
    await using pair = await startPair();
    await using talk = await startTalk(pair, { pauseOnConnect: unread });
    const { client, server } = talk;
    const seen: unknown[] = [];
    client.on("end", () => seen.push("end"));
    client.on("error", (error: NodeJS.ErrnoException) => seen.push(error.code, error.syscall));
    client.on("close", () => seen.push("closed"));
    client.resume().write("hello");
    if (!unread) await readBytes(server, 5);
    else await pair.client.clock.sleep(20);
    server.destroy();
    await until(() => client.destroyed && seen.includes("closed"));
    expect(seen).toEqual(expected);
  });

  test("writing to a peer that has closed is answered with a reset: the next write is EPIPE", async () => {
    await using pair = await startPair();
    await using talk = await startTalk(pair, { halfOpen: true });
    const { client, server } = talk;
    server.destroy();
    await readAll(client);
    const write = (): Promise<unknown> => new Promise((resolve) => void client.write("hello?", resolve));
    expect(await write()).toBeFalsy();
    let failure = await write();
    while (!(failure instanceof Error)) failure = await write();
    expect(failure).toMatchObject({ message: "write EPIPE", code: "EPIPE", syscall: "write" });
    await until(() => client.destroyed);
  });

  test("a reset behind an end is noticed by nobody who does not write", async () => {
    await using pair = await startPair();
    await using talk = await startTalk(pair, { halfOpen: true });
    const { client, server } = talk;
    client.end();
    await readAll(server);
    client.resetAndDestroy();
    await pair.client.clock.sleep(20);
    expect(server.destroyed).toBe(false);
    const failed = new Promise((resolve) => void server.write("hello?", resolve));
    expect(await failed).toMatchObject({ code: "EPIPE", syscall: "write" });
  });

  test("who may not be half open and writes after the other's end hears that this is over", async () => {
    await using pair = await startPair();
    await using talk = await startTalk(pair, {});
    const { client, server } = talk;
    server.end();
    client.resume();
    await once(client, "end");
    await until(() => client.writableEnded);
    const failed = new Promise((resolve) => void client.write("one more thing", resolve));
    expect(await failed).toMatchObject({ code: "EPIPE", message: "This socket has been ended by the other party" });
  });

  test("what the kernel has taken arrives, though the sender has closed", async () => {
    await using pair = await startPair();
    await using talk = await startTalk(pair, { pauseOnConnect: true });
    const { client, server } = talk;
    await new Promise((resolve) => void client.write(Buffer.alloc(100_000, "x"), resolve));
    client.destroy();
    await once(client, "close");
    expect((await readAll(server.resume())).length).toBe(100_000);
  });

  test.each([
    { cut: "destroyed", first: "ECANCELED", second: "ECANCELED" },
    { cut: "reset by the other side", first: "ECANCELED", second: "ECONNRESET" },
  ])(
    "of a socket that is $cut, each write that is not done is told so, before the close",
    async ({ cut, ...codes }) => {
      await using pair = await startPair();
      await using talk = await startTalk(pair, { pauseOnConnect: true });
      const { client, server } = talk;
      const told: unknown[] = [];
      const write = (name: string): void =>
        void client.write(Buffer.alloc(16 * 1024 * 1024), (error) =>
          told.push({ [name]: (error as NodeJS.ErrnoException).code }),
        );
      write("first");
      write("second");
      client.on("close", () => told.push("closed"));
      if (cut === "destroyed") client.destroy();
      else server.resetAndDestroy();
      await until(() => told.length >= 3);
      expect(told).toEqual([{ first: codes.first }, { second: codes.second }, "closed"]);
    },
  );

  test("a buffer may be used again once its write has been called back", async () => {
    await using pair = await startPair();
    await using talk = await startTalk(pair, { pauseOnConnect: true });
    const { client, server } = talk;
    const buffer = Buffer.from("first");
    await new Promise((resolve) => void client.write(buffer, resolve));
    buffer.write("again");
    client.end(buffer);
    expect(await readAll(server.resume())).toBe("firstagain");
  });

  test("destroySoon sends what was written, and then closes without waiting for the other's end", async () => {
    await using pair = await startPair();
    await using talk = await startTalk(pair, { halfOpen: true });
    const { client, server } = talk;
    client.write("all of it");
    client.destroySoon();
    await once(client, "close");
    expect(await readAll(server)).toBe("all of it");
    expect(server.destroyed).toBe(false);
  });

  test("a socket on which nothing passes for so long says so, and stays open", async () => {
    await using pair = await startPair();
    await using talk = await startTalk(pair, {});
    const { clock } = pair.client;
    const { client, server } = talk;
    let active = clock.monotonic();
    // On a machine that stands still it comes before anything has passed.
    const quiet = new Promise<number>(
      (resolve) => void client.setTimeout(100, () => resolve(clock.monotonic() - active)),
    );
    client.on("data", () => (active = clock.monotonic()));
    await clock.sleep(50);
    server.write("still here");
    // Node's own timers may be a millisecond early.
    expect(await quiet).toBeGreaterThanOrEqual(99);
    expect(client.destroyed).toBe(false);
    let again = false;
    client.setTimeout(10, () => (again = true)).setTimeout(0);
    await clock.sleep(30);
    expect(again).toBe(false);
  });

  test("connects to a silent listener wait, and succeed when it is silent no more; others live on", async () => {
    await using pair = await startPair();
    await using talk = await startTalk(pair, { host: pair.place });
    const { client, server, listener } = talk;
    const { address } = listener;
    for (let times = 0; times < 2; times += 1) {
      const silence = await listener.silence();
      client.write("still here");
      expect(await readBytes(server, 10)).toBe("still here");
      const abandoned = new AbortController();
      const given = pair.client.network.connect(address, { signal: abandoned.signal });
      const waiting = pair.client.network.connect(address);
      let answered = false;
      const answer = (): void => void (answered = true);
      waiting.then(answer, answer);
      await pair.client.clock.sleep(100);
      abandoned.abort(new Error("long enough"));
      await expect(given).rejects.toThrow("long enough");
      expect(answered).toBe(false);
      const fields = { ...address, address: `${address.host}:${address.port}` };
      expect(pair.logged.at(-1)).toEqual({ event: "network.unanswered", fields });
      await silence[Symbol.asyncDispose]();
      quiet(await waiting).destroy();
      quiet(await pair.client.network.connect(address)).destroy();
    }
  });

  test("a connect that waits for long is told of while it waits, once", async () => {
    await using pair = await startPair();
    await using listener = await pair.server.network.listen({ host: pair.place, port: 0 }, (socket) => quiet(socket));
    const { host, port } = listener.address;
    const silence = await listener.silence();
    const connecting = pair.client.network.connect({ host, port });
    await until(() => pair.logged.length > 0);
    await silence[Symbol.asyncDispose]();
    quiet(await connecting).destroy();
    expect(pair.logged).toEqual([{ event: "network.unanswered", fields: { host, port, address: `${host}:${port}` } }]);
  });

  test("several listeners are silent at a time, and each begins and ends by itself", async () => {
    await using pair = await startPair();
    const open = async () => pair.server.network.listen({ host: pair.place, port: 0 }, (socket) => quiet(socket));
    await using first = await open();
    await using second = await open();
    await using third = await open();
    const silences = await Promise.all([first.silence(), second.silence()]);
    let answered = false;
    const waiting = pair.client.network.connect(second.address);
    const answer = (): void => void (answered = true);
    waiting.then(answer, answer);
    const late = await third.silence();
    await silences[0][Symbol.asyncDispose]();
    quiet(await pair.client.network.connect(first.address)).destroy();
    await late[Symbol.asyncDispose]();
    quiet(await pair.client.network.connect(third.address)).destroy();
    expect(answered).toBe(false);
    await silences[1][Symbol.asyncDispose]();
    quiet(await waiting).destroy();
  });

  test("a listener that is closed while it is silent refuses, and its port is free", async () => {
    await using pair = await startPair();
    const { network } = pair.server;
    const listener = await network.listen({ host: pair.place, port: 0 }, () => {});
    const silence = await listener.silence();
    await listener[Symbol.asyncDispose]();
    await expect(pair.client.network.connect(listener.address)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await using again = await network.listen(listener.address, (socket) => void quiet(socket).end("again"));
    expect(await readAll(await pair.client.network.connect(again.address))).toBe("again");
    await silence[Symbol.asyncDispose]();
  });
}

/** Keeps some of the memory that it is lent while other bytes come, and gives some back at once. */
function createReader() {
  const got: Uint8Array[] = [];
  let kept: { readonly bytes: Uint8Array; readonly done: (() => void) | undefined }[] = [];
  const copyAll = (): void => {
    for (const { bytes, done } of kept) {
      got.push(Uint8Array.from(bytes));
      done?.();
    }
    kept = [];
  };
  return {
    onRead(bytes: Uint8Array, done?: () => void) {
      kept.push({ bytes, done });
      if (kept.length === 3 || got.length % 5 === 0) copyAll();
    },
    all() {
      copyAll();
      return Buffer.concat(got);
    },
  };
}
