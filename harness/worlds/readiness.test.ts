/** When a service counts as started: on the real host, and in a simulation where time would be too long to wait for. */
import { describe, expect, test } from "vitest";
import { serveHttp } from "../../host/http.ts";
import type { Address, Main } from "../../host/host.ts";
import { createRealHost } from "../../host/real.ts";
import type { HistoryEvent } from "../history/event.ts";
import { bindPlan } from "../plan/parse.ts";
import { parseText } from "../plan/plan.testing.ts";
import type { Service } from "../plan/schema.ts";
import { runTrial } from "../run/trial.ts";
import { becomesReady, describeReadiness } from "./readiness.ts";

const host = createRealHost({ name: "harness", directory: ".", seed: 1, log: () => {} });
const service: Service = { args: [], env: {}, files: {}, folder: ".", start_timeout: 30_000, stop_timeout: 1 };

/** No daemon has this port. */
const nobody: Address = { host: "127.0.0.1", port: 1 };

interface Waiting {
  readonly isReady: Promise<boolean>;
  readonly say: (line: string) => void;
  readonly log: (event: string) => void;
  readonly end: () => void;
}

function waitFor(
  ready: Service["ready"],
  more: { readonly address?: () => Address; readonly healthy?: () => Promise<void> } = {},
): Waiting {
  const events = new EventTarget();
  const listeners = new Set<(line: string) => void>();
  const life = new AbortController();
  const becoming = becomesReady({
    service: { ...service, image: "daemon", ready },
    host,
    events,
    listeners,
    address: more.address ?? (() => nobody),
    healthy: more.healthy,
    signal: life.signal,
  });
  return {
    isReady: becoming.then(
      () => true,
      () => false,
    ),
    say: (line) => {
      for (const hear of listeners) hear(line);
    },
    log: (event) => void events.dispatchEvent(new Event(event)),
    end: () => life.abort(new Error("it has ended")),
  };
}

describe("a service is ready", () => {
  test("when a line of its output matches, and not before", async () => {
    const waiting = waitFor({ line: "^Ready to accept (tcp|unix)" });
    waiting.say("not Ready to accept tcp");
    waiting.log("Ready to accept tcp");
    expect(await Promise.race([waiting.isReady, Promise.resolve("not yet")])).toBe("not yet");
    waiting.say("Ready to accept tcp connections");
    expect(await waiting.isReady).toBe(true);
  });

  test("when a GET is answered with the status that is expected", async () => {
    const asked: string[] = [];
    await using server = await serveHttp(host, { host: "127.0.0.1", port: 0 }, ({ method, url }, response) => {
      asked.push(`${method} ${url}`);
      response.writeHead(asked.length < 3 ? 503 : 204).end();
    });
    const address = (): Address => server.address;
    expect(await waitFor({ http: { port: 80, path: "/health?deep=1", expect: 204 } }, { address }).isReady).toBe(true);
    expect(asked).toEqual(["GET /health?deep=1", "GET /health?deep=1", "GET /health?deep=1"]);
  });

  test("when its port accepts connections, which it need not do at first", async () => {
    let looks = 0;
    await using server = await host.network.listen({ host: "127.0.0.1", port: 0 }, (socket) => void socket.destroy());
    const address = (): Address => (looks++ < 2 ? nobody : server.address);
    expect(await waitFor({ port: 443 }, { address }).isReady).toBe(true);
    expect(looks).toBe(3);
  });

  test("when its world finds it healthy", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiting = waitFor({ healthy: true }, { healthy: () => promise });
    expect(await Promise.race([waiting.isReady, Promise.resolve("not yet")])).toBe("not yet");
    resolve();
    expect(await waiting.isReady).toBe(true);
  });

  test("at once, if it is an image and nothing is said", async () => {
    expect(await waitFor(undefined).isReady).toBe(true);
  });

  test.each([{ line: "never" }, { log: "never" }, { port: 1 }, { http: { port: 1, path: "/", expect: 200 } }])(
    "never, once it has ended: %j",
    async (ready) => {
      const waiting = waitFor(ready);
      waiting.end();
      expect(await waiting.isReady).toBe(false);
    },
  );
});

test.each([
  [{ ready: { port: 80 } }, "it must accept connections on port 80"],
  [{ ready: { log: "up" } }, "it must log the event up"],
  [{ ready: { line: "^up$" } }, "it must write a line that matches ^up$"],
  [{ ready: { http: { port: 80, path: "/x", expect: 204 } } }, "it must answer GET /x on port 80 with status 204"],
  [{ ready: { healthy: true } }, "its image's health check must pass"],
  [{ program: "node.ts" }, "it must log the event ready"],
  [{}, "it must run"],
] as const)("%j: %s", (described, text) => {
  expect(describeReadiness(described)).toBe(text);
});

async function eventsOf(main: Main, ready: string): Promise<readonly HistoryEvent[]> {
  const text = `plan: p\nservices: { node: { program: node.ts, ready: ${ready} } }\nphases: [{ name: rest, for: 1s }]\n`;
  const plan = bindPlan(await parseText(text), { seed: 1, cell: {}, params: {} });
  const programs = new Map([["node.ts", { main, folder: "/srv" }]]);
  const signal = new AbortController().signal;
  const { events } = await runTrial({ plan, cell: {}, seed: 1, without: new Map(), programs, signal });
  return events;
}

function timeOf(events: readonly HistoryEvent[], name: HistoryEvent["event"]): number {
  return events.findLast(({ event }) => event === name)?.at ?? NaN;
}

describe("in a simulation", () => {
  test("a line that it writes makes it ready at that moment", async () => {
    const events = await eventsOf(async ({ clock, log }) => {
      log("booting");
      await clock.sleep(3000);
      log("up", { how: "well" });
      await clock.sleep(60_000);
      return 0;
    }, `{ line: '"how":"(well|badly)"' }`);
    expect(timeOf(events, "service.ready")).toBe(timeOf(events, "service.log"));
    expect(timeOf(events, "service.ready")).toBeGreaterThanOrEqual(3000);
  });

  test("whoever accepts a request and never answers it is asked again", async () => {
    let asked = 0;
    const events = await eventsOf(async (own) => {
      await using server = await serveHttp(own, { port: 80 }, (_request, response) => {
        asked += 1;
        if (asked > 2) response.end("fine");
      });
      void server;
      await own.clock.sleep(60_000);
      return 0;
    }, "{ http: { port: 80 } }");
    expect([asked, Math.floor(timeOf(events, "service.ready") / 1000)]).toEqual([3, 4]);
  });
});
