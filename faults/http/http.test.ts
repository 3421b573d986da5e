/** The decisions, as tables: what a request or a reply becomes. What clients meet of them is tested with the proxy. */
import { gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { body } from "./body.ts";
import { duplicateRequest } from "./duplicate-request.ts";
import { patchJson } from "./json.ts";
import { keep, nothingKept } from "./kept.ts";
import { match as requestMatch } from "../match.ts";
import { matchesHead, xmlRpcMethodOf } from "./match.ts";
import { withHeader, withoutHeader, type Headers, type HttpReply, type HttpRequest } from "./message.ts";
import { redirectLoop } from "./redirect-loop.ts";
import { replayOldReply } from "./replay-old-reply.ts";
import { status } from "./status.ts";
import { patchXml } from "./xml.ts";

const context = { ordinal: 1, draw: () => 0 };
const request: HttpRequest = { version: "1.1", method: "GET", target: "/", headers: [["Host", "a.test"]] };
const reply: HttpReply = { status: 200, reason: "OK", headers: [["Content-Length", "2"]], body: Buffer.from("ok") };

describe("headers", () => {
  const headers: Headers = [
    ["A", "1"],
    ["b", "2"],
    ["a", "3"],
  ];

  test("one that is set stands in the place of the first, alone", () => {
    expect(withHeader(headers, "a", "4")).toEqual([
      ["A", "4"],
      ["b", "2"],
    ]);
    expect(withHeader(headers, "C", "5")).toEqual([...headers, ["C", "5"]]);
  });

  test("one that is removed is gone in every spelling", () => {
    expect(withoutHeader(headers, "A")).toEqual([["b", "2"]]);
  });
});

describe("match", () => {
  test.each([
    [{ path: "/a" }, "/a", true],
    [{ path: "/a" }, "/a?b", true],
    [{ path: "/a?b" }, "/a", false],
    [{ path: "/a?*" }, "/a?b", true],
    [{ path: "/a.b" }, "/aXb", false],
    [{ path: "/x/*" }, "http://a.test/x/y/z", true],
    [{ path: "*" }, "*", true],
    [{ host: "a.test" }, "/", true],
    [{ host: "A.TEST" }, "/", true],
    [{ host: "a.test:80" }, "/", false],
    [{ host: "b.test" }, "http://b.test:81/", true],
    [{ method: "get" }, "/", false],
  ])("%j of %s: %s", (match, target, expected) => {
    expect(matchesHead(requestMatch.parse(match), { ...request, target })).toBe(expected);
  });

  test("no pattern takes long", () => {
    const match = requestMatch.parse({ path: `/${"a*".repeat(20)}b` });
    expect(matchesHead(match, { ...request, target: `/${"a".repeat(5000)}` })).toBe(false);
  });

  test.each([
    ["<methodCall><methodName>ping</methodName>", "ping"],
    ['\uFEFF<?xml version="1.0"?>\n<!-- x -->\n<methodCall>\n <methodName> a.b </methodName>', "a.b"],
    ["<methodResponse><methodName>ping</methodName>", undefined],
    ["{}", undefined],
    ["", undefined],
  ])("XML-RPC: %j calls %s", (text, method) => {
    expect(xmlRpcMethodOf(Buffer.from(text))).toBe(method);
  });

  test("no document takes long", () => {
    for (const piece of ["<!-- -->", "<?a?>", "<!--", " "])
      expect(xmlRpcMethodOf(Buffer.from(piece.repeat(200_000)))).toBeUndefined();
  });

  test.each([[{ path: "a" }], [{ header: {} }], [{ client: "10.0.0" }], [{ client: "10.0.0.0/33" }]])(
    "%j is refused",
    (match) => {
      expect(requestMatch.safeParse(match).success).toBe(false);
    },
  );
});

describe("a place in JSON", () => {
  test.each([
    ['{"a":{"b":[1,2]}}', "/a/b/1", "set", "null", '{"a":{"b":[1,null]}}'],
    ['{"a":1}', "/b", "set", "new", '{"a":1,"b":"new"}'],
    ['{"a":[{"x":1},{"x":2}]}', "/a/*/x", "set", '{"y":3}', '{"a":[{"x":{"y":3}},{"x":{"y":3}}]}'],
    ['{"a":[1,2,3]}', "/a/1", "remove", "", '{"a":[1,3]}'],
    ['{"a":[1,2]}', "/a/*", "remove", "", '{"a":[]}'],
    ['{"a":[1,2]}', "/a/*", "duplicate", "", '{"a":[1,1,2,2]}'],
    ['{"a":1,"b":2}', "/a", "remove", "", '{"b":2}'],
    ['{"a":1.0,"b":[{"c":"d\\n"}]}', "/a", "duplicate", "", '{"a":1.0,"a":1.0,"b":[{"c":"d\\n"}]}'],
    ['[{"a":{"a":null}},[1]]', "/*/*", "duplicate", "", '[{"a":{"a":null},"a":{"a":null}},[1,1]]'],
    ['{"id":12345678901234567890,"f":1.0}', "/f", "remove", "", '{"id":12345678901234567890}'],
    ['{"a":{}}', "/__proto__", "set", "1", '{"a":{},"__proto__":1}'],
  ] as const)("%s at %s: %s %s", (text, path, action, value, expected) => {
    expect(patchJson(text, { steps: path.split("/").slice(1), action, value })).toBe(expected);
  });

  test.each([
    ["no JSON", "/a", "remove"],
    ['{"a":1}', "/b", "remove"],
    ['{"a":1}', "/a/b", "duplicate"],
    ["[1]", "/5", "set"],
    ["[1]", "/length", "set"],
    ['{"a":"text"}', "/a/0", "set"],
  ] as const)("%s has nothing at %s to %s", (text, path, action) => {
    expect(patchJson(text, { steps: path.split("/").slice(1), action, value: "1" })).toBeUndefined();
  });
});

test("JSON that is nested deeply is changed or left alone, and nothing is thrown", () => {
  for (const depth of [10, 2000, 2100, 2200, 2300, 100_000])
    for (const action of ["duplicate", "remove"] as const) {
      const text = `{"a":1,"b":${"[".repeat(depth)}${"]".repeat(depth)}}`;
      const changed = patchJson(text, { steps: ["a"], action, value: "" });
      const expected = text.replace('"a":1,', action === "remove" ? "" : '"a":1,"a":1,');
      expect(depth === 10 ? [expected] : [undefined, expected]).toContain(changed);
    }
});

describe("a place in XML", () => {
  const text = `<?xml version="1.0"?>\n<!-- <s n="0"/> --><d>\n <s n='1'  m="a>b"/><s n="2">x<b/></s>\n</d>\n`;

  test.each([
    ["/d/s[1]", "remove", "", text.replace(`<s n='1'  m="a>b"/>`, "")],
    ["/d/s", "remove", "", `<?xml version="1.0"?>\n<!-- <s n="0"/> --><d>\n \n</d>\n`],
    ["/d/s[2]", "duplicate", "", text.replace('<s n="2">x<b/></s>', '<s n="2">x<b/></s><s n="2">x<b/></s>')],
    ["/d/s[2]", "set", "a<b", text.replace("x<b/>", "a&#60;b")],
    ["/d/s[1]", "set", "y", text.replace(`m="a>b"/>`, `m="a>b">y</s>`)],
    ["/d/s[1]/@n", "set", '"', text.replace(`n='1'`, `n="&#34;"`)],
    ["/d/s[1]/@new", "set", "1", text.replace(`"a>b"/>`, `"a>b" new="1"/>`)],
    ["/d/*/@n", "remove", "", text.replace(` n='1'`, "").replace(' n="2"', "")],
    ["/d/s[2]/b", "remove", "", text.replace("x<b/>", "x")],
  ] as const)("%s %s %s", (path, action, value, expected) => {
    expect(patchXml(text, { steps: path.split("/").slice(1), action, value })).toBe(expected);
  });

  test("an element that ends where its parent ends is set, and its parent still ends", () => {
    const patch = { steps: ["v", "int"], action: "set", value: "142" } as const;
    expect(patchXml("<v><int>42</int></v>", patch)).toBe("<v><int>142</int></v>");
  });

  test.each([
    ["/e/s", text],
    ["/d/s[3]", text],
    ["/d/s/@none", text],
    ["/d", "<d><unclosed></d"],
    ["/d", "<!DOCTYPE d><d/>"],
    ["/d", "text"],
  ])("nothing at %s of %j", (path, document) => {
    expect(patchXml(document, { steps: path.split("/").slice(1), action: "remove", value: "" })).toBeUndefined();
  });

  test("whatever comes is patched or left alone, and never an error", () => {
    const piece = fc.constantFrom(
      "<a>",
      "</a>",
      "<a/>",
      "<a b='",
      "'",
      '"',
      ">",
      "<!--",
      "-->",
      "<![CDATA[",
      "]]>",
      "<?",
      "x",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), fc.constantFrom("set", "remove", "duplicate"), (all, action) => {
        for (const steps of [["a"], ["a", "@b"], ["*", "a[2]"]])
          expect(["string", "undefined"]).toContain(typeof patchXml(all.join(""), { steps, action, value: "v" }));
      }),
    );
  });
});

test("a body that is compressed is unpacked, and one that can't be stays", () => {
  const parameters = body.parameters.parse({ path: "/a", value: "2" });
  const packed = gzipSync('{"a":1}');
  const headers: Headers = [["Content-Encoding", "gzip"]];
  const changed = body.after?.({ ...reply, headers, body: packed }, request, {}, parameters, context);
  expect(changed).toMatchObject({ type: "reply", reply: { headers: [], body: Buffer.from('{"a":2}') } });
  expect(body.after?.({ ...reply, headers }, request, {}, parameters, context)).toBeUndefined();
});

test("a request's document is framed by its new length where a length is stated, and replies stay as they were", () => {
  const parameters = body.parameters.parse({ path: "/a", value: "23", of: "request" });
  const stated: Headers = [
    ["A", "1"],
    ["Content-Length", "7"],
  ];
  const post = { ...request, method: "POST", body: Buffer.from('{"a":1}') };
  expect(body.before?.({ ...post, headers: stated }, {}, parameters, context)).toEqual({
    type: "pass",
    request: { ...post, headers: [stated[0], ["Content-Length", "8"]], body: Buffer.from('{"a":23}') },
  });
  const chunked: Headers = [["Transfer-Encoding", "chunked"]];
  expect(body.before?.({ ...post, headers: chunked }, {}, parameters, context)).toMatchObject({
    request: { headers: chunked },
  });
  expect(body.before?.(request, {}, parameters, context)).toBeUndefined();
  expect(body.after?.({ ...reply, body: post.body }, post, {}, parameters, context)).toBeUndefined();
  expect(body.before?.(post, {}, { ...parameters, of: "reply" }, context)).toBeUndefined();
});

test("a status that the reply has anyway changes nothing", () => {
  const parameters = status.parameters.parse({ code: 200, when: "after" });
  expect(status.after?.(reply, request, {}, parameters, context)).toBeUndefined();
});

test("a redirection to the very same URL", () => {
  const parameters = redirectLoop.parameters.parse({});
  const decision = redirectLoop.before?.({ ...request, target: "/x?y" }, {}, parameters, context);
  expect(decision).toMatchObject({ reply: { status: 302, headers: expect.arrayContaining([["Location", "/x?y"]]) } });
});

test("an old reply is one of so many requests ago, and there is none before that", () => {
  const parameters = replayOldReply.parameters.parse({ back: 2 });
  const state = replayOldReply.start(parameters);
  const bodies = ["1", "2", "3", "4"].map((text) => {
    const came = { ...reply, body: Buffer.from(text) };
    const keepWhole = replayOldReply.remember?.(reply, request, state, parameters);
    const decision = replayOldReply.after?.(reply, request, state, parameters, context);
    keepWhole?.(came);
    return decision?.type === "reply" ? String(decision.reply.body) : undefined;
  });
  expect(bodies).toEqual([undefined, undefined, "1", "2"]);
});

test("what is kept is bounded, and the oldest goes first", () => {
  const kept = nothingKept();
  const big = { ...reply, body: new Uint8Array(30 * 1024 * 1024) };
  for (const key of ["a", "b", "c"]) keep(kept, key, big);
  expect([...kept.replies.keys()]).toEqual(["b", "c"]);
  keep(kept, "d", { ...reply, body: new Uint8Array(65 * 1024 * 1024) });
  expect([kept.replies.has("d"), kept.bytes]).toEqual([false, 60 * 1024 * 1024]);
});

test("a request is repeated once unless it is said how often", () => {
  expect(duplicateRequest.before?.(request, {}, duplicateRequest.parameters.parse({}), context)).toEqual({
    type: "repeat",
    times: 2,
    reply: "first",
  });
});
