import { once } from "node:events";
import { tmpdir } from "node:os";
import { describe, expect, test } from "vitest";
import { createDeadline } from "./deadline.ts";
import { request, serveHttp } from "./http.ts";
import type { HttpHandler } from "./http.ts";
import type { Host, Listener } from "./host.ts";
import { createAuthority } from "./real/certificates.ts";
import { createRealHost } from "./real.ts";
import { startSimulatedPair } from "./sim/pair.testing.ts";

const authority = await createAuthority();
const identity = { authority: authority.certificate, ...(await authority.issue(["localhost"])) };

interface Alone extends AsyncDisposable {
  readonly host: Host;
}

describe("over the real host", () => {
  const host = createRealHost({ name: "test", directory: tmpdir(), seed: 1, identity, log: () => {} });
  describeHttp(async () => ({ host, [Symbol.asyncDispose]: async () => {} }));
});

describe("over the simulated host", () => {
  describeHttp(async () => {
    const pair = await startSimulatedPair();
    return { host: pair.server, [Symbol.asyncDispose]: () => pair[Symbol.asyncDispose]() };
  });
});

function serve(host: Host, handler: HttpHandler, tls = false): Promise<Listener> {
  return serveHttp(host, { host: "127.0.0.1", port: 0, tls }, handler);
}

function describeHttp(startHost: () => Promise<Alone>): void {
  test.each([{ tls: false }, { tls: true }])("a request is answered (tls: $tls)", async ({ tls }) => {
    await using alone = await startHost();
    const { host } = alone;
    await using server = await serve(
      host,
      async (request, response) => {
        const sent = await text(request);
        response
          .setHeader("x-seen", `${request.method} ${request.url} ${request.headers.host}`)
          .end(`you said ${sent}`);
      },
      tls,
    );
    const { port } = server.address;
    const url = `${tls ? "https" : "http"}://localhost:${port}/path?query`;
    const reply = await request(host, { url, method: "POST", body: "hello", headers: { "x-mine": "1" } });
    expect(reply.status).toBe(200);
    expect(reply.headers["x-seen"]).toBe(`POST /path?query localhost:${port}`);
    expect(await text(reply.body)).toBe("you said hello");
  });

  test("who closes his half once he has asked still gets the answer", async () => {
    await using alone = await startHost();
    const { host } = alone;
    await using server = await serve(host, (_request, response) => {
      host.clock.timer(10, () => response.end("late"));
    });
    const socket = await host.network.connect({ ...server.address, halfOpen: true });
    socket.end("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    expect(await text(socket)).toContain("late");
  });

  test("nothing reads the real date", async () => {
    await using alone = await startHost();
    const { host } = alone;
    await using server = await serve(host, (_request, response) => void response.end());
    const reply = await request(host, { address: server.address });
    expect(reply.headers.date).toBeUndefined();
    reply.body.resume();
  });

  test("a body that its length promises and the connection does not keep is ECONNRESET", async () => {
    await using alone = await startHost();
    const { host } = alone;
    await using server = await serve(host, (_request, response) => {
      response.setHeader("content-length", 10).write("half");
      response.once("drain", () => {});
      host.clock.timer(0, () => response.destroy());
    });
    const reply = await request(host, { address: server.address });
    await expect(text(reply.body)).rejects.toMatchObject({ code: "ECONNRESET" });
  });

  test("a body without a length ends with the connection, wherever that is", async () => {
    await using alone = await startHost();
    const { host } = alone;
    await using server = await serve(host, (_request, response) => {
      response.useChunkedEncodingByDefault = false;
      response.removeHeader("transfer-encoding");
      response.write("half");
      response.end();
    });
    const reply = await request(host, { address: server.address });
    expect(await text(reply.body)).toBe("half");
  });

  describe.each([{ tls: false }, { tls: true }])("told by its error alone (tls: $tls)", ({ tls }) => {
    test.each([
      { way: "destroy", syscall: undefined },
      { way: "resetAndDestroy", syscall: "read" },
    ] as const)("a hang-up before the answer ($way) has the syscall $syscall", async ({ way, syscall }) => {
      await using alone = await startHost();
      const { host } = alone;
      await using server = await serve(host, ({ socket }) => void socket[way](), tls);
      const failed = request(host, { url: urlOf(server, tls) });
      await expect(failed).rejects.toSatisfy((error: NodeJS.ErrnoException) => {
        return error.code === "ECONNRESET" && error.syscall === syscall;
      });
    });

    test.each([
      { way: "destroy", framing: "content-length", syscall: undefined, ending: "ECONNRESET" },
      { way: "destroy", framing: "close", syscall: undefined, ending: "end" },
      { way: "resetAndDestroy", framing: "content-length", syscall: "read", ending: "ECONNRESET" },
      { way: "resetAndDestroy", framing: "close", syscall: "read", ending: "end" },
    ] as const)(
      "a hang-up within a body ($way, framing $framing): the socket's syscall is $syscall, the body's end $ending",
      async ({ way, framing, syscall, ending }) => {
        await using alone = await startHost();
        const { host } = alone;
        const begun = Promise.withResolvers<void>();
        await using server = await serve(
          host,
          async ({ socket }, response) => {
            if (framing === "close") response.useChunkedEncodingByDefault = false;
            else response.setHeader("content-length", 10);
            response.write("half");
            await begun.promise;
            socket[way]();
          },
          tls,
        );
        const { body } = await request(host, { url: urlOf(server, tls) });
        const errors: NodeJS.ErrnoException[] = [];
        body.socket.on("error", (error) => errors.push(error));
        const ended = Promise.withResolvers<unknown>();
        body
          .once("end", () => ended.resolve("end"))
          .once("error", ({ code }: NodeJS.ErrnoException) => ended.resolve(code));
        body.once("data", () => begun.resolve());
        expect(await ended.promise).toBe(ending);
        expect(errors.map((error) => error.syscall)).toEqual(syscall === undefined ? [] : [syscall]);
      },
    );
  });

  test("a body that nobody reads makes the server wait, and arrives whole", async () => {
    await using alone = await startHost();
    const { host } = alone;
    const pieces = 1000;
    let waited = 0;
    await using server = await serve(host, async (_request, response) => {
      for (let piece = 0; piece < pieces; piece += 1) {
        if (response.write(Buffer.alloc(32 * 1024, piece))) continue;
        waited += 1;
        await once(response, "drain");
      }
      response.end();
    });
    const reply = await request(host, { address: server.address });
    let bytes = 0;
    for await (const chunk of reply.body) bytes += (chunk as Buffer).length;
    expect(bytes).toBe(pieces * 32 * 1024);
    expect(waited).toBeGreaterThan(0);
  });

  test("requests side by side get each their own answer", async () => {
    await using alone = await startHost();
    const { host } = alone;
    await using server = await serve(host, ({ url }, response) => void response.end(url));
    const paths = Array.from({ length: 50 }, (_, index) => `/${index}`);
    const ask = async (path: string): Promise<string> =>
      text((await request(host, { address: server.address, path })).body);
    expect(await Promise.all(paths.map(ask))).toEqual(paths);
  });

  test("a deadline ends a request that has no answer yet, and one in the middle of its body", async () => {
    await using alone = await startHost();
    const { host } = alone;
    await using server = await serve(host, ({ url }, response) => {
      if (url === "/begun") response.write("a beginning");
    });
    {
      using deadline = createDeadline(host.clock, 20);
      await expect(request(host, { address: server.address }, deadline)).rejects.toThrow("not done within 20 ms");
    }
    using deadline = createDeadline(host.clock, 200);
    const reply = await request(host, { address: server.address, path: "/begun" }, deadline);
    await expect(text(reply.body)).rejects.toThrow("not done within 200 ms");
  });

  test("the caller's own signal is the reason too", async () => {
    await using alone = await startHost();
    const { host } = alone;
    const controller = new AbortController();
    const reason = new Error("never mind");
    await using server = await serve(host, () => controller.abort(reason));
    using deadline = createDeadline(host.clock, 60_000, controller);
    await expect(request(host, { address: server.address }, deadline)).rejects.toBe(reason);
  });

  test("disposing the server ends its connections", async () => {
    await using alone = await startHost();
    const { host } = alone;
    const server = await serve(host, (_request, response) => void response.write("and then"));
    const reply = await request(host, { address: server.address });
    const error = once(reply.body.resume(), "error");
    await server[Symbol.asyncDispose]();
    expect(await error).toEqual([expect.objectContaining({ code: "ECONNRESET" })]);
    await expect(request(host, { address: server.address })).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  test("a request that nobody takes is refused", async () => {
    await using alone = await startHost();
    const { host } = alone;
    await expect(request(host, { url: "http://127.0.0.1:1/" })).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });
}

async function text(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function urlOf({ address }: Listener, tls: boolean): string {
  return `${tls ? "https" : "http"}://localhost:${address.port}/`;
}
