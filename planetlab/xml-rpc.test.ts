import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeCall, decodeReply, encodeCall, encodeReply, XmlRpcError, type XmlRpcValue } from "./xml-rpc.ts";

const xmlText = fc
  .string({ unit: "grapheme" })
  .filter((text) => /^[\t\n\r -\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]*$/u.test(text));
const { value } = fc.letrec<{ value: XmlRpcValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    xmlText,
    fc.integer(),
    fc
      .double({ noNaN: true, noDefaultInfinity: true, min: -1e60, max: 1e60 })
      .filter((number) => number === 0 || Math.abs(number) > 1e-60),
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array(),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(xmlText, tie("value"), { maxKeys: 4, noNullPrototype: true }),
  ),
}));

const withValue = (text: string): string =>
  `<methodCall><methodName>m</methodName><params><param>${text}</param></params></methodCall>`;

describe("a round trip", () => {
  test("a call comes back as it was", () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 4 }), (params) => {
        expect(decodeCall(encodeCall({ method: "acquire", params }))).toStrictEqual({ method: "acquire", params });
      }),
    );
  });

  test("a reply comes back as it was", () => {
    fc.assert(
      fc.property(value, (result) => {
        expect(decodeReply(encodeReply({ value: result }))).toStrictEqual({ value: result });
      }),
    );
    const fault = { code: 4, message: "<no> & never" };
    expect(decodeReply(encodeReply({ fault }))).toEqual({ fault });
  });
});

describe("decoding", () => {
  test("any bytes give a call or an XmlRpcError", () => {
    const call = encodeCall({
      method: "bind",
      params: ["princeton_codeen", 1, { a: [true, null, 0.5] }, new Uint8Array([1, 2])],
    });
    const mutated = fc
      .tuple(fc.nat(call.length), fc.nat(20), fc.string({ unit: "binary", maxLength: 20 }))
      .map(([from, length, text]) => call.slice(0, from) + text + call.slice(from + length));
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), mutated), (text) => {
        const outcome = outcomeOf(() => decodeCall(text));
        expect(outcome instanceof Error).toBe(outcome instanceof XmlRpcError);
      }),
      { numRuns: 2000 },
    );
  });

  test.for<readonly [string, XmlRpcValue]>([
    ["<value>bare</value>", "bare"],
    ["<value/>", ""],
    ["<value> <i4> -7 </i4> </value>", -7],
    ["<value><double>-12.50</double></value>", -12.5],
    ["<value><string>a&lt;b&#233;</string></value>", "a<bé"],
    ["<value><base64>\n AQI=\n </base64></value>", new Uint8Array([1, 2])],
    ["<value><array><data></data></array></value>", []],
    ["<value><struct/></value>", {}],
  ])("%s is read", ([text, expected]) => {
    expect(decodeCall(withValue(text)).params).toEqual([expected]);
  });

  test.for([
    "",
    "<methodCall/>",
    "<methodCall><methodName>a b</methodName></methodCall>",
    "<methodResponse><params/></methodResponse>",
    "<!DOCTYPE a><methodCall><methodName>m</methodName></methodCall>",
    withValue("<value><int>2147483648</int></value>"),
    withValue("<value><int>1e3</int></value>"),
    withValue("<value><double>Infinity</double></value>"),
    withValue("<value><boolean>true</boolean></value>"),
    withValue("<value><base64>A</base64></value>"),
    withValue("<value><i8>1</i8></value>"),
    withValue("<value><int>1</int><int>2</int></value>"),
    withValue("<value>text<int>1</int></value>"),
    withValue("<value><array/></value>"),
    withValue(
      "<value><struct><member><name>a</name><value>1</value></member><member><name>a</name><value>2</value></member></struct></value>",
    ),
    `${withValue("<value/>")}<methodCall/>`,
  ])("%s is no call", (text) => {
    expect(() => decodeCall(text)).toThrow(XmlRpcError);
  });
});

function outcomeOf(action: () => unknown): unknown {
  try {
    return action();
  } catch (error) {
    return error;
  }
}
