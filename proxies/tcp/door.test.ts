/** Faults that bar the proxy's door. */
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { codeOf } from "../../host/error-code.ts";
import type { Clock } from "../../host/host.ts";
import type { TcpProxyOptions } from "./proxy.ts";
import { defer, host, injection, read, readAll, startProxied, type Proxied } from "./proxy.testing.ts";

/** A proxy whose port somebody else has taken while a fault shut its door; the fault is being lifted. */
async function startTaken(
  options: Partial<TcpProxyOptions> = {},
): Promise<Proxied & { readonly lifted: Promise<void> }> {
  const proxied = await startProxied(options);
  const lift = proxied.proxy.inject(injection("tcp.refuse"));
  await expect(proxied.connect()).rejects.toMatchObject({ code: "ECONNREFUSED" });
  const other = createServer().listen({ host: "127.0.0.1", port: proxied.proxy.address.port });
  await once(other, "listening");
  defer(() => void other.close());
  return { ...proxied, lifted: Promise.resolve(lift[Symbol.asyncDispose]()) };
}

/** Knocks until the door, which is being opened, is open. */
async function untilLetIn(connect: () => Promise<Socket>): Promise<Socket> {
  for (;;) {
    try {
      return await connect();
    } catch (error) {
      if (codeOf(error) !== "ECONNREFUSED") throw error;
    }
  }
}

describe("refuse", () => {
  test("news of a refusal counts for a fault that was lifted a moment ago, and for nobody later", async () => {
    let ahead = 0;
    const clock = { ...host.clock, monotonic: () => host.clock.monotonic() + ahead };
    const { proxy } = await startProxied({ host: { ...host, clock } });
    const first = injection("tcp.refuse");
    await proxy.inject(first)[Symbol.asyncDispose]();
    const second = injection("tcp.refuse");
    const lift = proxy.inject(second);
    proxy.turnedAway("refused");
    expect([first.hits.length, second.hits.length]).toEqual([0, 1]);
    await lift[Symbol.asyncDispose]();
    proxy.turnedAway("refused");
    expect([first.hits.length, second.hits.length]).toEqual([0, 2]);
    ahead = 1001;
    proxy.turnedAway("refused");
    expect([first.hits.length, second.hits.length]).toEqual([0, 2]);
  });

  describe("when somebody has taken the port meanwhile", () => {
    test("lifting fails with an error that says so", async () => {
      const clock = { ...host.clock, sleep: () => host.clock.sleep(0) };
      const { proxy, lifted } = await startTaken({ host: { ...host, clock } });
      await expect(lifted).rejects.toThrow(
        `the proxy can't listen on port ${proxy.address.port} of 127.0.0.1 again: somebody else took the port`,
      );
    });

    test("disposing the proxy ends the wait for it", async () => {
      const waiting = Promise.withResolvers<void>();
      const clock: Clock = {
        ...host.clock,
        sleep(_milliseconds, options) {
          waiting.resolve();
          return host.clock.sleep(86_400_000, options);
        },
      };
      const { proxy, lifted } = await startTaken({ host: { ...host, clock } });
      await waiting.promise;
      await proxy[Symbol.asyncDispose]();
      await expect(lifted).resolves.toBeUndefined();
    });
  });

  test("the client's connect is refused by the kernel, and afterwards the same port is there again", async () => {
    const { proxy, connect, accept } = await startProxied();
    const before = await connect();
    const server = await accept();
    const refuse = injection("tcp.refuse");
    const lift = proxy.inject(refuse);
    await expect(connect()).rejects.toMatchObject({ code: "ECONNREFUSED" });
    proxy.turnedAway("refused");
    expect(refuse.hits).toEqual([{ refused: true }]);
    before.write("still here");
    expect(await read(server, 10)).toBe("still here");
    await lift[Symbol.asyncDispose]();
    const { port } = proxy.address;
    const after = await connect();
    expect(after.remotePort).toBe(port);
    after.end("again");
    expect(await readAll(await accept())).toBe("again");
  });

  test("some connects are refused, and those between are let in, where somebody tells of the former", async () => {
    const { proxy, connect, accept } = await startProxied({ hearsOfRefusals: true });
    const refuse = injection("tcp.refuse", {}, { everyNth: 2 });
    const lift = proxy.inject(refuse);
    await lift.effective;
    for (let n = 1; n <= 3; n += 1) {
      await untilLetIn(connect);
      await accept();
      await expect(connect()).rejects.toMatchObject({ code: "ECONNREFUSED" });
      // Nobody has told of the first one, which therefore is to come still.
      await expect(connect()).rejects.toMatchObject({ code: "ECONNREFUSED" });
      proxy.turnedAway("refused");
      expect(refuse.hits).toHaveLength(n);
    }
    await untilLetIn(connect);
    await accept();
    await lift[Symbol.asyncDispose]();
    await connect();
    await accept();
    await connect();
  });

  test("one that chooses none leaves the door open", async () => {
    const { proxy, connect, accept } = await startProxied({ hearsOfRefusals: true });
    const none = injection("tcp.refuse", {}, { probability: 0 });
    const lift = proxy.inject(none);
    await lift.effective;
    for (let n = 0; n < 3; n += 1) {
      await connect();
      await accept();
    }
    expect(none.hits).toEqual([]);
    await lift[Symbol.asyncDispose]();
  });

  test("where nobody tells, the door is shut for everybody", async () => {
    const { proxy, connect } = await startProxied();
    const lift = proxy.inject(injection("tcp.refuse", {}, { nth: 2 }));
    await expect(connect()).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await lift[Symbol.asyncDispose]();
  });

  test("two that overlap keep the door shut until both are lifted", async () => {
    const { proxy, connect } = await startProxied();
    const first = proxy.inject(injection("tcp.refuse"));
    const second = proxy.inject(injection("tcp.refuse"));
    await first[Symbol.asyncDispose]();
    await expect(connect()).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await second[Symbol.asyncDispose]();
    await connect();
  });
});

describe("unanswered", () => {
  test("a connect waits, those that are there live on, and what waits gets in afterwards", async () => {
    const { proxy, connect, dial, accept } = await startProxied();
    const before = await connect();
    const server = await accept();
    const silence = injection("tcp.unanswered");
    const lift = proxy.inject(silence);
    await lift.effective;
    const client = dial();
    before.write("still here");
    expect(await read(server, 10)).toBe("still here");
    expect(client.connecting).toBe(true);
    proxy.turnedAway("unanswered");
    proxy.turnedAway("refused");
    expect(silence.hits).toEqual([{ unanswered: true }]);
    await lift[Symbol.asyncDispose]();
    await once(client, "connect");
    client.end("at last");
    expect(await readAll(await accept())).toBe("at last");
    (await connect()).end("as ever");
    expect(await readAll(await accept())).toBe("as ever");
  });

  test("a door that is silent and shut is shut, until that is lifted", async () => {
    const { proxy, connect, dial } = await startProxied();
    const silent = proxy.inject(injection("tcp.unanswered"));
    await silent.effective;
    const shut = proxy.inject(injection("tcp.refuse"));
    await shut.effective;
    await expect(connect()).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await shut[Symbol.asyncDispose]();
    const client = dial();
    await host.clock.sleep(20);
    expect(client.connecting).toBe(true);
    await silent[Symbol.asyncDispose]();
    await once(client, "connect");
  });

  test("clients that knock all the time are refused or reset at the moment of injection, and never let in by halves", async () => {
    const { proxy, dial, accept } = await startProxied();
    void (async () => {
      for (;;) (await accept()).resume().end();
    })();
    const dialled = new Set<Socket>();
    let over = false;
    const knock = (): void => {
      if (over) return;
      const client = dial().on("close", () => dialled.delete(client));
      dialled.add(client.resume().end());
      setImmediate(knock);
    };
    knock();
    for (let times = 0; times < 5; times += 1) {
      const lift = proxy.inject(injection("tcp.unanswered"));
      await lift.effective;
      // Those that were let in before get their answer and are gone; the others are still connecting.
      const letIn = (): Socket | undefined => [...dialled].find(({ connecting }) => !connecting);
      for (let client = letIn(); client !== undefined; client = letIn()) {
        const { promise, resolve } = Promise.withResolvers<void>();
        client.once("close", resolve);
        await promise;
      }
      expect([...dialled].every(({ connecting }) => connecting)).toBe(true);
      await lift[Symbol.asyncDispose]();
      for (const client of dialled) client.destroy();
    }
    over = true;
  });

  test("a proxy that is disposed of while it is silent leaves nothing behind", async () => {
    const { proxy, connect } = await startProxied();
    const lift = proxy.inject(injection("tcp.unanswered"));
    await lift.effective;
    await proxy[Symbol.asyncDispose]();
    await expect(connect()).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await lift[Symbol.asyncDispose]();
    await expect(connect()).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });
});
