/** Clients of the API that are slow, silent or too many: real sockets, on a clock that is moved by hand. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { expect, test } from "vitest";
import { createManualClock } from "../tcp/link.testing.ts";
import { startTestApi, type TestApi } from "./api.testing.ts";

/** Once the API has it: whoever connects later is answered later. */
async function connected(api: TestApi, text: string): Promise<Socket> {
  const socket = connect({ port: api.port, host: "127.0.0.1", allowHalfOpen: true });
  socket.on("error", () => undefined).resume();
  socket.write(text);
  await once(socket, "connect");
  expect((await api.call("GET", "/version")).status).toBe(200);
  return socket;
}

/** However it was done. */
function hungUp(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    for (const event of ["end", "close"]) socket.once(event, () => resolve());
  });
}

const head = "POST /proxies HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n";

test.each([
  ["nothing", "", 15_000],
  ["half a head", "GET /prox", 15_000],
  ["half a body", `${head}{`, 15_000],
  ["half a body that nobody asked for", `${head.replace("/proxies", "/nope")}{`, 60_000],
])("who sends %s and no more is hung up on", async (_what, text, milliseconds) => {
  const clock = createManualClock();
  await using api = await startTestApi({ clock });
  const socket = await connected(api, text);
  clock.advance(milliseconds - 1);
  expect((await api.call("GET", "/version")).status).toBe(200);
  expect(socket.closed).toBe(false);
  clock.advance(1);
  await hungUp(socket);
  socket.destroy();
});

test("who does not take his replies is hung up on", async () => {
  const clock = createManualClock();
  await using api = await startTestApi({ clock });
  const socket = await connected(api, "");
  socket.pause();
  const asked = "GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(1000);
  const closed = hungUp(socket);
  const keepAsking = (): void => {
    while (!socket.destroyed && socket.write(asked));
    if (socket.destroyed) return;
    // The kernel takes no more, and nobody has taken a reply for long.
    setImmediate(() => {
      clock.advance(1000);
      keepAsking();
    });
  };
  keepAsking();
  await closed;
  expect((await api.call("GET", "/version")).status).toBe(200);
});

test("too many silent clients keep nobody out: whoever has been silent for longest goes", async () => {
  await using api = await startTestApi();
  const first = await connected(api, "");
  const closed = hungUp(first);
  const others = await Promise.all(
    Array.from({ length: 300 }, async () => {
      const socket = connect(api.port, "127.0.0.1").on("error", () => undefined);
      await once(socket, "connect");
      return socket;
    }),
  );
  expect((await api.call("GET", "/version")).status).toBe(200);
  await closed;
  for (const socket of [first, ...others]) socket.destroy();
});

test("a head that is too large is refused", async () => {
  await using api = await startTestApi();
  const answer = await api.call("GET", "/version", undefined, { "X-Large": "x".repeat(17_000) });
  expect(answer.status).toBe(431);
});

test("who closes his half once he has asked still gets the answer", async () => {
  await using api = await startTestApi();
  const socket = connect({ port: api.port, host: "127.0.0.1", allowHalfOpen: true });
  socket.end("GET /proxies HTTP/1.1\r\nHost: localhost\r\n\r\n");
  let got = "";
  for await (const text of socket.setEncoding("utf8")) got += String(text);
  expect(got).toMatch(/^HTTP\/1.1 200 OK[^]*\{\}$/);
});
