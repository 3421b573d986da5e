/**
 * XML-RPC (xmlrpc.com, 1999; with `nil` as everybody has it): calls and replies as text and back.
 *
 * Strict in what it takes: anything that is not exactly a call or a reply is an `XmlRpcError`, and nothing else is ever thrown.
 */
import { childrenNamed, escapeXml, faultOfXml, onlyChild, readXml, XmlError, type XmlElement } from "./xml.ts";

export type XmlRpcValue =
  string | number | boolean | null | Uint8Array | readonly XmlRpcValue[] | { readonly [member: string]: XmlRpcValue };

export interface Call {
  readonly method: string;
  readonly params: readonly XmlRpcValue[];
}

export interface Fault {
  readonly code: number;
  readonly message: string;
}

export type Reply = { readonly value: XmlRpcValue } | { readonly fault: Fault };

/** The text is no XML-RPC. */
export class XmlRpcError extends Error {
  override readonly name = "XmlRpcError";
}

/** Codes for faults of the protocol, as interoperable servers use them (xmlrpc-epi, "Fault Code Interoperability"). */
export const faultCodes = {
  notWellFormed: -32_700,
  noSuchMethod: -32_601,
  badParams: -32_602,
  internal: -32_603,
} as const;

export function encodeCall({ method, params }: Call): string {
  return document("methodCall", `<methodName>${escapeXml(method)}</methodName>${encodeParams(params)}`);
}

export function encodeReply(reply: Reply): string {
  if ("value" in reply) return document("methodResponse", encodeParams([reply.value]));
  const { code, message } = reply.fault;
  return document("methodResponse", `<fault>${encodeValue({ faultCode: code, faultString: message })}</fault>`);
}

/** @throws {XmlRpcError} */
export function decodeCall(text: string): Call {
  return strictly(text, "methodCall", (root) => {
    const method = onlyChild(root, "methodName").text;
    if (!/^[A-Za-z0-9_.:/]{1,100}$/.test(method)) throw new XmlRpcError("the method's name is no name");
    return { method, params: decodeParams(root) };
  });
}

/** @throws {XmlRpcError} */
export function decodeReply(text: string): Reply {
  return strictly(text, "methodResponse", (root) => {
    if (childrenNamed(root, "fault").length > 0) {
      const fault = decodeValue(onlyChild(onlyChild(root, "fault"), "value"));
      const { faultCode: code, faultString: message } = isStruct(fault) ? fault : {};
      if (typeof code !== "number" || typeof message !== "string")
        throw new XmlRpcError("a fault has a code and a string");
      return { fault: { code, message } };
    }
    const [value, ...others] = decodeParams(root);
    if (value === undefined || others.length > 0) throw new XmlRpcError("a reply has one value");
    return { value };
  });
}

export function isStruct(value: XmlRpcValue | undefined): value is { readonly [member: string]: XmlRpcValue } {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

function document(name: string, content: string): string {
  return `<?xml version="1.0" encoding="utf-8"?>\n<${name}>${content}</${name}>\n`;
}

function encodeParams(params: readonly XmlRpcValue[]): string {
  return `<params>${params.map((param) => `<param>${encodeValue(param)}</param>`).join("")}</params>`;
}

function encodeValue(value: XmlRpcValue): string {
  return `<value>${encodeTyped(value)}</value>`;
}

function encodeTyped(value: XmlRpcValue): string {
  if (value === null) return "<nil/>";
  if (typeof value === "string") return `<string>${escapeXml(value)}</string>`;
  if (typeof value === "boolean") return `<boolean>${value ? 1 : 0}</boolean>`;
  if (typeof value === "number") return encodeNumber(value);
  if (value instanceof Uint8Array) return `<base64>${Buffer.from(value).toString("base64")}</base64>`;
  if (isStruct(value)) {
    const members = Object.entries(value).map(
      ([name, member]) => `<member><name>${escapeXml(name)}</name>${encodeValue(member)}</member>`,
    );
    return `<struct>${members.join("")}</struct>`;
  }
  return `<array><data>${value.map(encodeValue).join("")}</data></array>`;
}

/** Integers are 32 bits wide; wider ones travel as doubles. */
function encodeNumber(value: number): string {
  if (!Number.isFinite(value)) throw new RangeError(`XML-RPC has no ${value}`);
  const isInteger = value === (value | 0) && !Object.is(value, -0);
  return isInteger ? `<int>${value}</int>` : `<double>${decimal(value)}</double>`;
}

/** A double has no exponent in XML-RPC. */
function decimal(value: number): string {
  const text = String(value);
  if (!text.includes("e")) return Object.is(value, -0) ? "-0" : text;
  return Math.abs(value) >= 1 ? BigInt(value).toString() : value.toFixed(100).replace(/0+$/, "");
}

function strictly<T>(text: string, rootName: string, decode: (root: XmlElement) => T): T {
  const fault = faultOfXml(text);
  if (fault !== undefined) throw new XmlRpcError(`not well-formed: ${fault}`);
  try {
    const root = readXml(text);
    if (root?.name !== rootName) throw new XmlRpcError(`<${rootName}> is expected`);
    return decode(root);
  } catch (error) {
    if (error instanceof XmlError) throw new XmlRpcError(error.message, { cause: error });
    throw error;
  }
}

function decodeParams(root: XmlElement): XmlRpcValue[] {
  const [params, ...others] = childrenNamed(root, "params");
  if (others.length > 0) throw new XmlRpcError("there is more than one <params>");
  return (params?.children ?? []).map((param) => {
    if (param.name !== "param") throw new XmlRpcError("<params> holds <param>s");
    return decodeValue(onlyChild(param, "value"));
  });
}

function decodeValue(element: XmlElement): XmlRpcValue {
  const [typed, ...others] = element.children;
  if (typed === undefined) return element.text;
  if (others.length > 0 || element.text.trim() !== "") throw new XmlRpcError("<value> holds one value");
  switch (typed.name) {
    case "string":
      return typed.text;
    case "int":
    case "i4":
      return decodeInteger(typed.text.trim());
    case "double":
      return decodeDouble(typed.text.trim());
    case "boolean":
      return decodeBoolean(typed.text.trim());
    case "base64":
      return decodeBase64(typed.text.replaceAll(/\s/g, ""));
    case "nil":
      return null;
    case "array":
      return onlyChild(typed, "data").children.map((item) => {
        if (item.name !== "value") throw new XmlRpcError("<data> holds <value>s");
        return decodeValue(item);
      });
    case "struct":
      return decodeStruct(typed);
    default:
      throw new XmlRpcError(`<${typed.name}> is no type`);
  }
}

function decodeStruct(struct: XmlElement): XmlRpcValue {
  const members = new Map<string, XmlRpcValue>();
  for (const member of struct.children) {
    if (member.name !== "member") throw new XmlRpcError("<struct> holds <member>s");
    const name = onlyChild(member, "name").text;
    if (members.has(name)) throw new XmlRpcError("a member is there twice");
    members.set(name, decodeValue(onlyChild(member, "value")));
  }
  return Object.fromEntries(members);
}

function decodeInteger(text: string): number {
  const value = /^[+-]?\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (value !== (value | 0)) throw new XmlRpcError("an <int> has 32 bits");
  return value;
}

function decodeDouble(text: string): number {
  if (!/^[+-]?\d{1,400}(?:\.\d{1,400})?$/.test(text)) throw new XmlRpcError("a <double> is digits with a point");
  return Number(text);
}

function decodeBoolean(text: string): boolean {
  if (text !== "0" && text !== "1") throw new XmlRpcError("a <boolean> is 0 or 1");
  return text === "1";
}

function decodeBase64(text: string): Uint8Array {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text))
    throw new XmlRpcError("not base64");
  return new Uint8Array(Buffer.from(text, "base64"));
}
