import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { createRealHost } from "../../host/real.ts";
import { openDatabase } from "./database.ts";
import { createDisturbances } from "./disturbances.ts";
import { generateData } from "./generate.ts";
import { createSlicesFile } from "./slices-file.ts";
import { framings, servePlc, type Framing } from "./serve.ts";

const data = generateData({ slices: 2, keyBytes: 1000, node: 42, nodes: 2 });

async function startServer(framing: Framing) {
  const events: string[] = [];
  const { promise: served, resolve } = Promise.withResolvers<void>();
  const log = (event: string): void => {
    events.push(event);
    if (event === "plc.served") resolve();
  };
  const host = createRealHost({ name: "plc", directory: tmpdir(), seed: 1, names: {}, log });
  const database = await openDatabase(host, data);
  const listener = await servePlc(
    { host, database, disturbances: createDisturbances(), slicesFile: createSlicesFile() },
    { port: 0, tls: false, oldestTls: "1.0", framing },
  );
  return {
    events,
    served,
    url: `http://127.0.0.1:${listener.address.port}`,
    [Symbol.asyncDispose]: () => listener[Symbol.asyncDispose](),
  };
}

test.for(framings)("the end of a document is told as --framing says: %s", async (framing) => {
  await using server = await startServer(framing);
  const reply = await fetch(`${server.url}/xml/slices.xml?node=42`);
  expect(await reply.text()).toMatch(/<end count="2" digest="sha-256=[0-9a-f]{64}"\/>\n<\/slices>\n$/);
  expect(reply.headers.has("content-length")).toBe(framing === "content-length");
  expect(reply.headers.get("transfer-encoding")).toBe(framing === "chunked" ? "chunked" : null);
  await server.served;
  expect(server.events).toEqual(["plc.request", "plc.served"]);
});

test.for([
  ["/xml/slices.xml?node=42", 'count="2" node="42"'],
  ["/xml/slices.xml?node=1000", 'count="2" node="1000"'],
  ["/xml/slices.xml?node=7", 'count="0" node="7"'],
  ["/xml/slices.xml?node=x", 'count="2">'],
  ["/xml/slices-0.5.xml", "<planetlab_slices>"],
] as const)("%s has %s", async ([path, text]) => {
  await using server = await startServer("content-length");
  expect(await (await fetch(server.url + path)).text()).toContain(text);
});

test("what is not there is 404, and what is not asked for is 405", async () => {
  await using server = await startServer("content-length");
  expect((await fetch(`${server.url}/etc/passwd`)).status).toBe(404);
  expect((await fetch(`${server.url}/xml/slices.xml`, { method: "POST", body: "x" })).status).toBe(405);
});
