/** Against a resolv.conf in hand: what is in it while a fault lasts. */
import { expect, test } from "vitest";
import { createScene } from "../service.testing.ts";
import type { ResolverFault, ResolverTarget } from "./contract.ts";
import { garbage } from "./garbage.ts";
import { options } from "./options.ts";
import { servers } from "./servers.ts";
import { truncate } from "./truncate.ts";

const original = "nameserver 198.18.0.3\nnameserver 198.18.0.4\noptions timeout:1 rotate\n";

/** The file as the fault leaves it, and the hits. */
async function during(fault: ResolverFault, parameters: object = {}, content = original) {
  let changed = "";
  const { inject, log } = createScene<"resolver", ResolverTarget>({
    target: (note) => ({
      async change(change) {
        changed = change(content);
        return { [Symbol.asyncDispose]: async () => note("as before") };
      },
    }),
  });
  const lift = await inject(fault, parameters);
  await lift?.[Symbol.asyncDispose]();
  expect(log.at(-1)).toBe("as before");
  return { changed, hits: log.slice(0, -1) };
}

test("it is empty, or ends somewhere; what is shorter anyway is no hit", async () => {
  expect(await during(truncate)).toEqual({ changed: "", hits: [`hit {"from":${original.length},"to":0}`] });
  expect(await during(truncate, { to: "15B" })).toMatchObject({ changed: "nameserver 198." });
  expect(await during(truncate, { to: "1KiB" })).toEqual({ changed: original, hits: [] });
});

test("garbage comes right behind the last word", async () => {
  const { changed, hits } = await during(garbage, { length: "3B" });
  expect(changed).toBe(`${original.trimEnd()}\0\x80\x80\x80`);
  expect(hits).toEqual(['hit {"length":3}']);
});

test.each([
  [{}, ["198.18.0.253", "198.18.0.3", "198.18.0.4"]],
  [{ gone: 3 }, ["198.18.0.253", "198.18.0.252", "198.18.0.251", "198.18.0.3", "198.18.0.4"]],
  [{ place: "last" }, ["198.18.0.3", "198.18.0.4", "198.18.0.253"]],
  [{ place: "instead" }, ["198.18.0.253"]],
])("servers that are gone are named: %j", async (parameters, named) => {
  const { changed, hits } = await during(servers, parameters);
  expect(changed).toBe(`${named.map((server) => `nameserver ${server}\n`).join("")}options timeout:1 rotate\n`);
  expect(hits).toHaveLength(1);
  expect(await during(servers, parameters, "options rotate\n")).toEqual({ changed: "options rotate\n", hits: [] });
});

test.each([
  [{ timeout: "3s", attempts: 4, ndots: 5 }, `${original}options timeout:3 attempts:4 ndots:5\n`],
  [{ search: "site.test lab.test", rotate: true }, `${original}search site.test lab.test\noptions rotate\n`],
  [{ rotate: false }, original.replace(" rotate", "")],
])("options are other ones: %j", async (parameters, content) => {
  const { changed, hits } = await during(options, parameters);
  expect(changed).toBe(content);
  expect(hits).toHaveLength(1);
});

test("options that change nothing are no hit", async () => {
  expect(await during(options)).toEqual({ changed: original, hits: [] });
});
