import { expect, test } from "vitest";
import { candidatesOf, parseResolvConf, usualResolution } from "./resolv-conf.ts";

const read = (options: string) => parseResolvConf(`options ${options}\n`);
const at = (host: string) => ({ host, port: 53 });

test("servers are asked in their order, three at most, with the usual patience", () => {
  const text =
    "nameserver 198.18.0.3\nnameserver\t198.18.0.4 # the second\nnameserver 198.18.0.5\nnameserver 198.18.0.6\n";
  expect(parseResolvConf(text)).toEqual({
    ...usualResolution,
    servers: [at("198.18.0.3"), at("198.18.0.4"), at("198.18.0.5")],
  });
});

test("garbage behind the last line hides nothing that is before it", () => {
  expect(parseResolvConf("nameserver 198.18.0.3\0\xff\xfe").servers).toEqual([at("198.18.0.3")]);
});

test.each(["", "; nothing here\n", "nameserver\n", "nameserver plc.test\n", " nameserver 198.18.0.3\n", "\0\xff"])(
  "where nobody is named, the machine asks itself: %j",
  (text) => {
    expect(parseResolvConf(text).servers).toEqual([at("127.0.0.1")]);
  },
);

test("options have bounds, what can't be read counts for nothing, and the last one counts", () => {
  expect(read("timeout:1 attempts:1 rotate ndots:2")).toMatchObject({
    timeoutMs: 1000,
    attempts: 1,
    rotate: true,
    ndots: 2,
  });
  expect(read("timeout:99 attempts:99 ndots:99")).toMatchObject({ timeoutMs: 30_000, attempts: 5, ndots: 15 });
  expect(read("timeout:x attempts:-1 timeout: no-such-option")).toMatchObject({ timeoutMs: 5000, attempts: 2 });
  expect(parseResolvConf("options timeout:3\noptions timeout:4\n").timeoutMs).toBe(4000);
});

test("the last of search and domain counts", () => {
  expect(parseResolvConf("search a.test b.test\n").search).toEqual(["a.test", "b.test"]);
  expect(parseResolvConf("search a.test\ndomain c.test\n").search).toEqual(["c.test"]);
});

test.each([
  { name: "boot", ndots: 1, asked: ["boot.a.test", "boot.b.test", "boot"] },
  { name: "boot.plc", ndots: 1, asked: ["boot.plc", "boot.plc.a.test", "boot.plc.b.test"] },
  { name: "boot.plc", ndots: 5, asked: ["boot.plc.a.test", "boot.plc.b.test", "boot.plc"] },
  { name: "boot.", ndots: 1, asked: ["boot"] },
])("$name with ndots:$ndots may mean $asked", ({ name, ndots, asked }) => {
  expect(candidatesOf(name, { search: ["a.test", "b.test."], ndots })).toEqual(asked);
});
