/** Every route's bytes, as clients of Toxiproxy get them: real HTTP, no client library between. */
import { once } from "node:events";
import { connect } from "node:net";
import { describe, expect, test } from "vitest";
import { startTestApi, talkTo } from "./api.testing.ts";

const web = { name: "web", upstream: "127.0.0.1:1", listen: "127.0.0.1:0", enabled: false };
const shownWeb = `{"name":"web","listen":"127.0.0.1:0","upstream":"127.0.0.1:1","enabled":false,"Logger":{},"toxics":[]}`;
const latency = `{"attributes":{"latency":0,"jitter":0},"name":"latency_downstream","type":"latency","stream":"downstream","toxicity":1}`;
const error = (status: number, message: string): string =>
  `${JSON.stringify({ error: message, status })}\n`.replaceAll(/[<>&]/g, (c) => `\\u00${c.charCodeAt(0).toString(16)}`);

/** Method, path, body → status, body; against a daemon with the proxy web, disabled, and its toxic latency_downstream. */
const exchanges: readonly (readonly [string, string, string | undefined, number, string])[] = [
  ["GET", "/proxies", undefined, 200, `{"web":${shownWeb.replace("[]", `[${latency}]`)}}`],
  ["GET", "/proxies/web", undefined, 200, shownWeb.replace("[]", `[${latency}]`)],
  ["GET", "/proxies/nope", undefined, 404, error(404, "proxy not found")],
  ["POST", "/proxies", "", 400, error(400, "bad request body: EOF")],
  ["POST", "/proxies", `{"name":`, 400, error(400, "bad request body: unexpected EOF")],
  ["POST", "/proxies", `{"name":"a`, 400, error(400, "bad request body: unexpected EOF")],
  [
    "POST",
    "/proxies",
    `[]`,
    400,
    error(400, "bad request body: json: cannot unmarshal array into Go value of type toxiproxy.Proxy"),
  ],
  [
    "POST",
    "/proxies",
    `{"name":5}`,
    400,
    error(400, "bad request body: json: cannot unmarshal number into Go struct field Proxy.name of type string"),
  ],
  ["POST", "/proxies", `{"upstream":"a:1"}`, 400, error(400, "missing required field: name")],
  ["POST", "/proxies", `{"name":"x"}`, 400, error(400, "missing required field: upstream")],
  ["POST", "/proxies", JSON.stringify(web), 409, error(409, "proxy already exists")],
  [
    "POST",
    "/proxies",
    `{"name":"x","upstream":"a:1","listen":"nope"}`,
    500,
    error(500, "listen tcp: address nope: missing port in address"),
  ],
  [
    "POST",
    "/proxies",
    `{"name":"x","upstream":"a:1","listen":"127.0.0.1:99999"}`,
    500,
    error(500, "listen tcp: address 99999: invalid port"),
  ],
  [
    "POST",
    "/proxies",
    `{"name":"x","upstream":"a:1","listen":"a:b:1"}`,
    500,
    error(500, "listen tcp: address a:b:1: too many colons in address"),
  ],
  [
    "POST",
    "/proxies",
    `{"NAME":"a<&>b","Upstream":"a:1","listen":"raw","ENABLED":false,"unknown":[1.5]} rubbish`,
    201,
    String.raw`{"name":"a\u003c\u0026\u003eb","listen":"raw","upstream":"a:1","enabled":false,"Logger":{},"toxics":[]}`,
  ],
  [
    "POST",
    "/proxies/web",
    `{"upstream":"b:2"}`,
    200,
    shownWeb.replace("127.0.0.1:1", "b:2").replace("[]", `[${latency}]`),
  ],
  ["PATCH", "/proxies/web", `{}`, 200, shownWeb.replace("[]", `[${latency}]`)],
  ["PATCH", "/proxies/web", `{"listen":"bad"}`, 500, error(500, "address bad: missing port in address")],
  [
    "PATCH",
    "/proxies/web",
    `{"enabled":1}`,
    400,
    error(400, "bad request body: json: cannot unmarshal number into Go struct field Proxy.enabled of type bool"),
  ],
  ["PATCH", "/proxies/nope", `{`, 404, error(404, "proxy not found")],
  ["DELETE", "/proxies/web", undefined, 204, ""],
  ["DELETE", "/proxies/nope", undefined, 404, error(404, "proxy not found")],
  ["GET", "/proxies/web/toxics", undefined, 200, `[${latency}]`],
  ["GET", "/proxies/nope/toxics", undefined, 404, error(404, "proxy not found")],
  ["POST", "/proxies/nope/toxics", `{`, 404, error(404, "proxy not found")],
  [
    "POST",
    "/proxies/web/toxics",
    `{"type":"latency","stream":"sideways"}`,
    400,
    error(400, "stream was invalid, can be either upstream or downstream"),
  ],
  [
    "POST",
    "/proxies/web/toxics",
    `{"type":"latency","stream":""}`,
    400,
    error(400, "stream was invalid, can be either upstream or downstream"),
  ],
  ["POST", "/proxies/web/toxics", `{"type":"down"}`, 400, error(400, "invalid toxic type")],
  ["POST", "/proxies/web/toxics", `{"type":"latency"}`, 409, error(409, "toxic already exists")],
  [
    "POST",
    "/proxies/web/toxics",
    `{"type":"noop","name":"latency_downstream","stream":"upstream"}`,
    409,
    error(409, "toxic already exists"),
  ],
  ...["1.5", "1.0", "1e2", "99999999999999999999"].map(
    (number) =>
      [
        "POST",
        "/proxies/web/toxics",
        `{"type":"bandwidth","attributes":{"rate":${number}}}`,
        400,
        error(
          400,
          `bad request body: json: cannot unmarshal number ${number} into Go struct field BandwidthToxic.attributes.rate of type int64`,
        ),
      ] as const,
  ),
  [
    "POST",
    "/proxies/web/toxics",
    `{"type":"bandwidth","attributes":{"rate":"5"}}`,
    400,
    error(
      400,
      "bad request body: json: cannot unmarshal string into Go struct field BandwidthToxic.attributes.rate of type int64",
    ),
  ],
  [
    "POST",
    "/proxies/web/toxics",
    `{"type":"latency","stream":"UPSTREAM","toxicity":0.123456789,"attributes":{"LATENCY":9223372036854775807,"jitter":-5,"x":1}}`,
    200,
    `{"attributes":{"latency":9223372036854775807,"jitter":-5},"name":"latency_UPSTREAM","type":"latency","stream":"UPSTREAM","toxicity":0.12345679}`,
  ],
  [
    "POST",
    "/proxies/web/toxics",
    `{"type":"slicer","name":null,"stream":null,"toxicity":0.3,"attributes":null}`,
    200,
    `{"attributes":{"average_size":0,"size_variation":0,"delay":0},"name":"slicer_downstream","type":"slicer","stream":"downstream","toxicity":0.3}`,
  ],
  ["GET", "/proxies/web/toxics/latency_downstream", undefined, 200, latency],
  ["GET", "/proxies/web/toxics/nope", undefined, 404, error(404, "toxic not found")],
  [
    "PATCH",
    "/proxies/web/toxics/latency_downstream",
    `{"attributes":{"jitter":7},"name":"x","type":"noop","stream":"upstream"}`,
    200,
    latency.replace(`"jitter":0`, `"jitter":7`),
  ],
  [
    "POST",
    "/proxies/web/toxics/latency_downstream",
    `{"toxicity":0}`,
    200,
    latency.replace(`"toxicity":1`, `"toxicity":0`),
  ],
  ["PATCH", "/proxies/web/toxics/nope", `{`, 404, error(404, "toxic not found")],
  ["PATCH", "/proxies/web/toxics/latency_downstream", `{`, 400, error(400, "bad request body: unexpected EOF")],
  ["DELETE", "/proxies/web/toxics/latency_downstream", undefined, 204, ""],
  ["DELETE", "/proxies/web/toxics/nope", undefined, 404, error(404, "toxic not found")],
  ["POST", "/populate", "[]", 201, `{"proxies":null}`],
  ["POST", "/populate", "null", 201, `{"proxies":null}`],
  [
    "POST",
    "/populate",
    `[{"name":"x","upstream":"a:1"},{"upstream":"b"}]`,
    400,
    `{"error":"missing required field: name at proxy 2","status":400,"proxies":null}`,
  ],
  [
    "POST",
    "/populate",
    `[{"name":"x","upstream":"a:1","listen":"raw","enabled":false},{"name":"y","upstream":"a:1","listen":"bad"},{"name":"z","upstream":"a:1"}]`,
    500,
    `{"error":"listen tcp: address bad: missing port in address","status":500,"proxies":[{"name":"x","listen":"raw","upstream":"a:1","enabled":false,"Logger":{},"toxics":[]}]}`,
  ],
  ["POST", "/reset", "rubbish", 204, ""],
  ["GET", "/version", undefined, 200, `{"version": "2.12.0"}\n`],
  ["GET", "/metrics", undefined, 404, "404 page not found\n"],
  ["GET", "/nope", undefined, 404, "404 page not found\n"],
  ["GET", "/proxies/", undefined, 404, "404 page not found\n"],
  ["GET", "//proxies", undefined, 301, ""],
  ["HEAD", "/proxies", undefined, 405, ""],
  ["OPTIONS", "/proxies", undefined, 405, ""],
  ["PUT", "/proxies/web", "{}", 405, ""],
];

function typeOf(path: string, status: number): string | undefined {
  if (status === 204 || status === 301 || status === 405) return undefined;
  if (path === "/version") return "application/json;charset=utf-8";
  return status < 300 || path === "/populate" ? "application/json" : "text/plain; charset=utf-8";
}

test.each(exchanges)(
  "%s %s %s is answered with %i and exactly these bytes",
  async (method, path, body, status, bytes) => {
    await using api = await startTestApi();
    await api.call("POST", "/proxies", web);
    await api.call("POST", "/proxies/web/toxics", { type: "latency" });
    const answer = await api.call(method, path, body);
    expect([answer.status, answer.text]).toEqual([status, bytes]);
    expect(answer.headers["content-type"]).toBe(typeOf(path, status));
    expect(answer.headers["x-content-type-options"]).toBe(
      answer.headers["content-type"]?.startsWith("text") ? "nosniff" : undefined,
    );
    const matched = status !== 405 && status !== 301 && !bytes.startsWith("404 page");
    expect(/^[\da-v]{20}$/.test(String(answer.headers["x-toxiproxy-request-id"]))).toBe(matched);
    expect([answer.headers["server"], answer.headers["access-control-allow-origin"], answer.headers["allow"]]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  },
);

describe("who may ask", () => {
  test("no browser, on any route that there is", async () => {
    await using api = await startTestApi();
    const headers = { "User-Agent": "Mozilla/5.0" };
    const refused = await api.call("GET", "/proxies", undefined, headers);
    expect([refused.status, refused.text]).toEqual([403, "User agent not allowed\n"]);
    expect((await api.call("GET", "/nope", undefined, headers)).status).toBe(404);
  });

  test.each([
    ["localhost:8474", 200],
    ["127.0.0.1", 200],
    ["[::1]:1", 200],
    ["evil.test", 403],
    ["127.0.0.1.evil.test", 403],
  ])("on loopback, who calls it %s gets %i", async (host, status) => {
    await using api = await startTestApi();
    expect((await api.call("GET", "/version", undefined, { Host: host })).status).toBe(status);
  });

  test("elsewhere anybody, unless names are given", async () => {
    await using open = await startTestApi({ listen: "0.0.0.0" });
    expect((await open.call("GET", "/version", undefined, { Host: "toxi.test" })).status).toBe(200);
    await using narrow = await startTestApi({ listen: "0.0.0.0", allowedHosts: ["Toxi.test"] });
    expect((await narrow.call("GET", "/version", undefined, { Host: "toxi.test:1" })).status).toBe(200);
    expect((await narrow.call("GET", "/version", undefined, { Host: "evil.test" })).status).toBe(403);
  });
});

describe("listen addresses", () => {
  test.each([
    ["localhost:0", /^127\.0\.0\.1:\d+$/],
    ["", /^(?:\[::\]|0\.0\.0\.0):\d+$/],
    [":0", /^(?:\[::\]|0\.0\.0\.0):\d+$/],
    ["0.0.0.0:0", /^(?:\[::\]|0\.0\.0\.0):\d+$/],
  ])("%j is shown as what was really bound", async (listen, shown) => {
    await using api = await startTestApi();
    const { status, text } = await api.call("POST", "/proxies", { ...web, listen, enabled: true });
    expect([status, JSON.parse(text).listen]).toEqual([201, expect.stringMatching(shown)]);
  });

  test("a taken one is told of in Go's words, and nothing is created", async () => {
    await using api = await startTestApi();
    const taken = `127.0.0.1:${api.port}`;
    const { status, text } = await api.call("POST", "/proxies", { ...web, listen: taken, enabled: true });
    expect([status, JSON.parse(text).error]).toEqual([500, `listen tcp ${taken}: bind: address already in use`]);
    expect((await api.call("GET", "/proxies")).text).toBe("{}");
  });
});

test("metrics are Prometheus text, with bytes of connections that are there", async () => {
  await using api = await startTestApi({ metrics: true });
  await api.call("POST", "/proxies", web);
  const { status, headers, text } = await api.call("GET", "/metrics");
  expect([status, headers["content-type"]]).toEqual([200, "text/plain; version=0.0.4; charset=utf-8"]);
  expect(text).toContain(
    `toxiproxy_proxy_sent_bytes_total{direction="upstream",listener="127.0.0.1:0",proxy="web",upstream="127.0.0.1:1"} 0\n`,
  );
});

test("a body without end is refused, and the API lives on", async () => {
  await using api = await startTestApi();
  const { status } = await api.call("POST", "/populate", " ".repeat(1024 * 1024 + 1));
  expect(status).toBe(413);
  using stated = await talkTo(`127.0.0.1:${api.port}`);
  stated.send("POST /populate HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n[");
  expect(await stated.until(12)).toContain("HTTP/1.1 413");
  expect((await api.call("POST", "/populate", "[".repeat(100_000))).status).toBe(400);
  expect((await api.call("GET", "/version")).status).toBe(200);
});

test("who hangs up in the middle of a body leaves nothing behind that an other would notice", async () => {
  await using api = await startTestApi();
  const socket = connect(api.port, "127.0.0.1");
  socket.write("POST /proxies HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{");
  await once(socket, "connect");
  socket.destroy();
  await once(socket, "close");
  expect((await api.call("GET", "/proxies")).text).toBe("{}");
});
