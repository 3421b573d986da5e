/** The stream of events of the API: real sockets, real HTTP. */
import { expect, describe, test } from "vitest";
import { startEcho, startTestApi, talkTo } from "./api.testing.ts";
import { follow, latency, listenOf, send } from "./extended.testing.ts";
import { createManualClock } from "../tcp/link.testing.ts";
import { once } from "node:events";
import { connect } from "node:net";

describe("events", () => {
  test("come as they happen, and those that were missed come first", async () => {
    await using api = await startTestApi();
    await using echo = await startEcho();
    using live = await follow(api);
    const head = await live.until(": events");
    expect(head).toContain("Content-Type: text/event-stream");
    await send(api, [{ proxy: { name: "web", upstream: echo.address } }, { fault: latency }]);
    using talk = await talkTo(await listenOf(api));
    talk.send("x");
    await live.until("event: fault.hit");
    const got = await live.until("event: connection.open");
    expect(got).toMatch(/id: 1\nevent: proxy\.listening\ndata: \{"time":\d+,"proxy":"web"/);
    using late = await follow(api, "Last-Event-ID: 1\r\n");
    const missed = await late.until("event: fault.hit");
    expect(missed).not.toContain("id: 1\n");
    expect(missed).toContain("id: 2\nevent: fault.inject\n");
  });

  test("a number that is not there yet is of another daemon: whoever says it has missed all of this one's", async () => {
    await using api = await startTestApi();
    await send(api, [{ proxy: { name: "web", upstream: "127.0.0.1:1" } }]);
    using late = await follow(api, "Last-Event-ID: 500\r\n");
    await late.until(": events");
    await send(api, [{ remove: "web" }]);
    expect(await late.until("event: proxy.closed")).toContain("id: 1\nevent: proxy.listening\n");
  });

  test("a silent stream has a heartbeat", async () => {
    const clock = createManualClock();
    await using api = await startTestApi({ clock });
    using live = await follow(api);
    await live.until(": events");
    clock.advance(15_000);
    expect(await live.until("\r\n:\n\n")).toContain(": events");
  });

  test("those that are not remembered any more are said to be missing", async () => {
    await using api = await startTestApi();
    for (let n = 0; n < 5; n += 1)
      await api.call("POST", "/proxies", {
        name: `${n}${"x".repeat(900_000)}`,
        upstream: "a:1",
        listen: "127.0.0.1:0",
      });
    using late = await follow(api, "Last-Event-ID: 0\r\n");
    expect(await late.until(": events")).toMatch(/event: missing\ndata: \{"from":1,"to":\d+\}/);
  });

  test("a reader that does not keep up is hung up on, and costs nobody else anything", async () => {
    await using api = await startTestApi();
    const socket = connect(api.port, "127.0.0.1");
    const gone = new Promise<void>((resolve) => socket.on("error", () => undefined).once("close", () => resolve()));
    socket.write("GET /sinbin/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await once(socket, "readable");
    const name = "x".repeat(900_000);
    // The kernel holds some megabytes, and we some more.
    for (let n = 0; n < 40; n += 1) {
      await api.call("POST", "/proxies", { name, upstream: "a:1", listen: "127.0.0.1:0" });
      await send(api, [{ remove: name }]);
    }
    expect((await api.call("GET", "/version")).status).toBe(200);
    socket.resume();
    await gone;
  });
});
