/** The schema of changes, and metrics. */
import { expect, test } from "vitest";
import { startServer, startTestApi, talkTo } from "./api.testing.ts";
import { latency, listenOf, send } from "./extended.testing.ts";
import { z } from "zod";

test("the schema of what is taken is JSON Schema, with every fault of links", async () => {
  await using api = await startTestApi();
  const schema: unknown = JSON.parse((await api.call("GET", "/sinbin/schema")).text);
  const { definitions } = z.object({ definitions: z.record(z.string(), z.unknown()) }).parse(schema);
  expect(Object.keys(definitions)).toEqual(expect.arrayContaining(["fault", "proxy", "tcp.latency", "udp.loss"]));
});

test.each([
  ["GET", "/sinbin/proxies", 404, undefined, "there is no /sinbin/proxies: GET /sinbin returns everything"],
  ["GET", "/sinbin/faults", 405, "POST", "/sinbin/faults takes POST, and no GET: GET /sinbin returns everything"],
  [
    "POST",
    "/sinbin/proxies/web",
    405,
    "GET, PUT, DELETE",
    "/sinbin/proxies/NAME takes GET, PUT, DELETE, and no POST: GET /sinbin returns everything",
  ],
])("%s %s is %i, and says where everything is", async (method, path, expected, allow, error) => {
  await using api = await startTestApi();
  const { status, headers, text } = await api.call(method, path);
  expect([status, headers["allow"], JSON.parse(text)]).toEqual([expected, allow, { error, status: expected }]);
});

test("metrics count connections and hits", async () => {
  await using api = await startTestApi({ metrics: true });
  await using server = await startServer((socket) => socket.end("bye"));
  await send(api, [{ proxy: { name: "web", upstream: server.address } }, { fault: latency }]);
  using talk = await talkTo(await listenOf(api));
  await talk.until(3);
  const { text } = await api.call("GET", "/metrics");
  expect(text).toContain(`sinbin_connections{proxy="web"} 1\n`);
  expect(text).toContain(`sinbin_connections_total{proxy="web"} 1\n`);
  expect(text).toContain(`sinbin_fault_hits_total{fault="tcp.latency",kind="tcp.latency"} 1\n`);
});
