/** Which requests a fault means, and what several make of one. */
import { describe, expect, test } from "vitest";
import { ask, get, ok, startFaulty, startProxied, type Peer } from "./http.testing.ts";

describe("faults together", () => {
  test("are asked in the order of their injection, and see what those before have made", async () => {
    await using proxied = await startFaulty("http.header", { name: "a", action: "set", value: "1" });
    const { client, server } = proxied;
    proxied.inject("http.captive-portal");
    proxied.inject("http.status", { code: 418, when: "after" });
    proxied.inject("http.abort", { when: "before" });
    client.say(get);
    const heard = await client.hearsUntil("</html>\n");
    expect(heard).toContain("HTTP/1.1 418 ");
    expect(heard).not.toContain("a: 1");
    expect(proxied.hits.map(({ kind }) => kind)).toEqual(["http.captive-portal", "http.status"]);
    void server;
  });

  test("one that comes while a request is under way acts on its reply", async () => {
    await using proxied = await startProxied();
    const { client, server } = await proxied.connect();
    client.say(get);
    await server.hearsUntil("\r\n\r\n");
    proxied.inject("http.abort", { when: "after" });
    server.say(ok);
    expect((await client.ends()).by).toBe("RST");
  });
});

async function answerAll(server: Peer): Promise<void> {
  for (;;) {
    const asked = await server.hearsUntil("\r\n\r\n").catch(() => undefined);
    if (asked === undefined) return;
    server.say(ok);
  }
}

const gets = (count: number): readonly string[] => Array.from({ length: count }, () => get);

const call = (method: string): string => {
  const body = `<?xml version="1.0"?><!-- a --><methodCall><methodName>${method}</methodName></methodCall>`;
  return `POST /RPC2 HTTP/1.1\r\nHost: plc.test:8080\r\nUser-Agent: curl/8\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
};

async function lostOf(selection: object, requests: readonly string[]): Promise<readonly number[]> {
  await using proxied = await startProxied();
  proxied.inject("http.status", { code: 503 }, selection);
  const { client, server } = await proxied.connect();
  void answerAll(server);
  const lost: number[] = [];
  for (const [n, request] of requests.entries()) {
    client.say(request);
    const isLost = (await client.hearsUntil("\r\n\r\n")).includes("503");
    if (isLost) lost.push(n + 1);
    await client.hearsUntil(isLost ? "503\n" : "ok");
  }
  return lost;
}

describe("which requests", () => {
  test.each([
    [{ first: 2 }, [1, 2]],
    [{ nth: 3 }, [3]],
    [{ everyNth: 2 }, [2, 4]],
    [{ probability: 0 }, []],
  ])("%j", async (selection, expected) => {
    expect(await lostOf(selection, gets(4))).toEqual(expected);
  });

  test("ordinals count those that match", async () => {
    const requests = ["/a", "/b", "/a", "/a"].map((path) => get.replace("/", path));
    expect(await lostOf({ nth: 2, match: { path: "/a" } }, requests)).toEqual([3]);
  });

  test.each([
    [{ method: "POST" }, [2, 3]],
    [{ path: "/RPC2" }, [2, 3]],
    [{ path: "/*" }, [1, 2, 3]],
    [{ host: "plc.test" }, [1, 2, 3]],
    [{ host: "*.test:8080" }, [2, 3]],
    [{ header: { "user-agent": "curl/*" } }, [2, 3]],
    [{ xml_rpc_method: "ping" }, [2]],
    [{ xml_rpc_method: "*u*" }, [3]],
    [{ method: "GET", xml_rpc_method: "*" }, []],
  ])("match: %j", async (match, expected) => {
    expect(await lostOf({ match }, [get, call("ping"), call("run")])).toEqual(expected);
  });

  test("scope: new leaves connections alone that were there before", async () => {
    await using proxied = await startProxied();
    const old = await proxied.connect();
    proxied.inject("http.status", { code: 503 }, { scope: "new" });
    await ask(old.client, old.server);
    await expect(old.client).toHear(ok);
    const young = await proxied.connect();
    young.client.say(get);
    await expect(young.client).toHear("HTTP/1.1 503 ");
  });
});
