/** What an agent does with the answers that it gets, and without them. */
import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { formatAddress } from "../../host/address.ts";
import { serveHttp } from "../../host/http.ts";
import { createRealHost } from "../../host/real.ts";
import { decodeCall, encodeReply } from "../xml-rpc.ts";
import { main } from "./main.ts";

test("what is not answered is asked once more, and what is refused is not", async () => {
  const enough = Promise.withResolvers<void>();
  const logged: { readonly event: string; readonly [field: string]: unknown }[] = [];
  const stops: (() => void)[] = [];
  const host = createRealHost({
    name: "agent",
    directory: tmpdir(),
    seed: 1,
    log(event, fields) {
      logged.push({ event, ...fields });
      if (event === "agent.refused") enough.resolve();
    },
  });
  const calls: string[] = [];
  const answers = ["lost", { status: 500 }, [0, "ok"], [4, "the resource set is bound to a_b"]] as const;
  await using node = await serveHttp(host, { host: "127.0.0.1", port: 0 }, async (request, response) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of request as AsyncIterable<Uint8Array>) chunks.push(chunk);
    const { method } = decodeCall(Buffer.concat(chunks).toString());
    calls.push(method);
    const answer = method === "acquire" ? [0, "handle"] : answers[calls.filter((call) => call === "bind").length - 1];
    if (answer === "lost" || answer === undefined) response.destroy();
    else if ("status" in answer) response.writeHead(answer.status).end();
    else response.end(encodeReply({ value: [...answer] }));
  });
  const signals = {
    on: (_name: string, handler: () => void) => {
      stops.push(handler);
      return { [Symbol.dispose]() {} };
    },
  };
  const ended = main({ ...host, signals }, ["--node", formatAddress(node.address), "--every", "10ms"]);
  await enough.promise;
  for (const stop of stops) stop();
  expect(await ended).toBe(0);
  expect(calls.slice(0, 6)).toEqual(["acquire", "bind", "bind", "bind", "acquire", "bind"]);
  const ms: unknown = expect.any(Number);
  expect(logged.filter(({ event, method }) => event !== "agent.unanswered" && method === "bind")).toEqual([
    { event: "agent.done", method: "bind", tries: 3, ms },
    { event: "agent.refused", method: "bind", tries: 1, ms, code: 4, why: "the resource set is bound to a_b" },
  ]);
});

test.each([
  [["--node", "nowhere"], "write an address"],
  [["--nodes", "a:1"], "--nodes"],
])("%j is refused", async (args, complaint) => {
  const logged: unknown[] = [];
  const log = (event: string, fields?: object): void => void logged.push({ event, ...fields });
  const host = createRealHost({ name: "agent", directory: tmpdir(), seed: 1, log });
  expect(await main(host, args)).toBe(2);
  expect(JSON.stringify(logged)).toContain(complaint);
});
