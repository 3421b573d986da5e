import { once } from "node:events";
import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { createDeadline } from "./deadline.ts";
import { request, serveHttp } from "./http.ts";
import type { HttpHandler } from "./http.ts";
import type { Listener } from "./host.ts";
import { createAuthority } from "./real/certificates.ts";
import { createRealHost } from "./real.ts";

const authority = await createAuthority();
const identity = { authority: authority.certificate, ...(await authority.issue(["localhost"])) };
const host = createRealHost({ name: "test", directory: tmpdir(), seed: 1, identity, log: () => {} });

function serve(handler: HttpHandler, tls = false): Promise<Listener> {
  return serveHttp(host, { host: "127.0.0.1", port: 0, tls }, handler);
}

async function text(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

test.each([{ tls: false }, { tls: true }])("a request is answered (tls: $tls)", async ({ tls }) => {
  await using server = await serve(async (request, response) => {
    const sent = await text(request);
    response.setHeader("x-seen", `${request.method} ${request.url} ${request.headers.host}`).end(`you said ${sent}`);
  }, tls);
  const { port } = server.address;
  const url = `${tls ? "https" : "http"}://localhost:${port}/path?query`;
  const reply = await request(host, { url, method: "POST", body: "hello", headers: { "x-mine": "1" } });
  expect(reply.status).toBe(200);
  expect(reply.headers["x-seen"]).toBe(`POST /path?query localhost:${port}`);
  expect(await text(reply.body)).toBe("you said hello");
});

test("nothing reads the real date", async () => {
  await using server = await serve((_request, response) => void response.end());
  const reply = await request(host, { address: server.address });
  expect(reply.headers.date).toBeUndefined();
  reply.body.resume();
});

test("a body that its length promises and the connection does not keep is ECONNRESET", async () => {
  await using server = await serve((_request, response) => {
    response.setHeader("content-length", 10).write("half");
    response.once("drain", () => {});
    setImmediate(() => response.destroy());
  });
  const reply = await request(host, { address: server.address });
  await expect(text(reply.body)).rejects.toMatchObject({ code: "ECONNRESET" });
});

test("a body without a length ends with the connection, wherever that is", async () => {
  await using server = await serve((_request, response) => {
    response.useChunkedEncodingByDefault = false;
    response.removeHeader("transfer-encoding");
    response.write("half");
    response.end();
  });
  const reply = await request(host, { address: server.address });
  expect(await text(reply.body)).toBe("half");
});

test("a deadline ends a request that has no answer yet, and one in the middle of its body", async () => {
  await using server = await serve(({ url }, response) => {
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
  const controller = new AbortController();
  const reason = new Error("never mind");
  await using server = await serve(() => controller.abort(reason));
  using deadline = createDeadline(host.clock, 60_000, controller);
  await expect(request(host, { address: server.address }, deadline)).rejects.toBe(reason);
});

test("disposing the server ends its connections", async () => {
  const server = await serve((_request, response) => void response.write("and then"));
  const reply = await request(host, { address: server.address });
  const error = once(reply.body.resume(), "error");
  await server[Symbol.asyncDispose]();
  expect(await error).toEqual([expect.objectContaining({ code: "ECONNRESET" })]);
  await expect(request(host, { address: server.address })).rejects.toMatchObject({ code: "ECONNREFUSED" });
});

test("a request that nobody takes is refused", async () => {
  await expect(request(host, { url: "http://127.0.0.1:1/" })).rejects.toMatchObject({ code: "ECONNREFUSED" });
});
