/** What clients ask for, decoded and checked in Toxiproxy's order. */
import type { Direction } from "../../faults/tcp/contract.ts";
import { decode, decodeArray, float32, raw, text, truth } from "./decode.ts";
import { ApiError, invalidStream, invalidType, missingField, toxicExists } from "./errors.ts";
import { type Json, parseFirst } from "./json.ts";
import type { Toxic } from "./toxic.ts";
import { type Attributes, toxicTypes, type ToxicType } from "./toxics.ts";

export interface ProxyRequest {
  readonly name: string;
  readonly upstream: string;
  readonly listen: string;
  /** Absent if the client did not say. */
  readonly enabled: boolean | undefined;
  /** Absent if the client did not say. Toxiproxy ignores them. */
  readonly toxics: readonly Toxic[] | undefined;
}

const changeFields = { listen: text, upstream: text, enabled: truth } as const;
const proxyFields = { ...changeFields, name: text, toxics: raw } as const;
const proxyStruct = { type: "toxiproxy.Proxy", name: "Proxy" };
const nothing: Json = { type: "null" };

/** @throws {ApiError} 400 */
export function readProxy(body: string): ProxyRequest {
  return proxyOf(parseFirst(body), "");
}

/** All are checked before any is acted on. @throws {ApiError} 400 */
export function readProxies(body: string): readonly ProxyRequest[] {
  const items = decodeArray(parseFirst(body), "value", "[]toxiproxy.Proxy");
  return items.map((item, index) => proxyOf(item, ` at proxy ${index + 1}`));
}

function proxyOf(json: Json, where: string): ProxyRequest {
  const { name = "", upstream = "", listen = "", enabled, toxics } = decode(json, proxyStruct, proxyFields);
  if (name === "") throw missingField(`name${where}`);
  if (upstream === "") throw missingField(`upstream${where}`);
  return { name, upstream, listen, enabled, toxics: toxics === undefined ? undefined : toxicsOf(toxics, where) };
}

function toxicsOf(json: Json, where: string): readonly Toxic[] {
  const toxics: Toxic[] = [];
  for (const [index, item] of decodeArray(json, "struct field Proxy.toxics", "[]toxics.ToxicWrapper").entries()) {
    try {
      toxics.push(toxicOf(item, toxics));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      throw new ApiError(error.status, `${error.message} of toxic ${index + 1}${where}`, { cause: error });
    }
  }
  return toxics;
}

export interface ProxyChange {
  readonly listen?: string;
  readonly upstream?: string;
  /** Toxiproxy knows none. */
  readonly names?: readonly string[] | undefined;
  readonly enabled?: boolean;
}

/** @throws {ApiError} 400 */
export function readProxyChange(body: string): ProxyChange {
  const { listen, upstream, enabled } = decode(parseFirst(body), proxyStruct, changeFields);
  return {
    ...(listen !== undefined && { listen }),
    ...(upstream !== undefined && { upstream }),
    ...(enabled !== undefined && { enabled }),
  };
}

const wrapper = { type: "toxics.ToxicWrapper", name: "ToxicWrapper" };

/** @throws {ApiError} 400, or 409 if one of `others` has its name. */
export function readToxic(body: string, others: readonly Toxic[]): Toxic {
  return toxicOf(parseFirst(body), others);
}

function toxicOf(json: Json, others: readonly Toxic[]): Toxic {
  const fields = { name: text, type: text, stream: text, toxicity: float32, attributes: raw };
  const decoded = decode(json, wrapper, fields);
  const { type: typeName = "", stream = "downstream", toxicity = 1, attributes = nothing } = decoded;
  const direction = directionOf(stream);
  const name = decoded.name === undefined || decoded.name === "" ? `${typeName}_${stream}` : decoded.name;
  const type = toxicTypes.get(typeName);
  if (type === undefined) throw invalidType();
  if (others.some((other) => other.name === name)) throw toxicExists();
  return { name, type: typeName, stream, direction, toxicity, attributes: attributesOf(attributes, type, {}) };
}

/** The toxic as it is to be; nothing has changed if this throws. @throws {ApiError} 400 */
export function readToxicChange(body: string, toxic: Toxic): Toxic {
  const decoded = decode(parseFirst(body), wrapper, { toxicity: float32, attributes: raw });
  const { toxicity = toxic.toxicity, attributes = nothing } = decoded;
  const type = toxicTypes.get(toxic.type);
  if (type === undefined) throw invalidType();
  return { ...toxic, toxicity, attributes: attributesOf(attributes, type, toxic.attributes) };
}

function attributesOf(json: Json, { struct, attributes }: ToxicType, before: Attributes): Attributes {
  const given = decode(json, { type: `toxics.${struct}`, name: `${struct}.attributes` }, attributes);
  return Object.fromEntries(
    Object.entries(attributes).map(([name, reader]) => [name, given[name] ?? before[name] ?? zeroOf(reader)]),
  );
}

function zeroOf(reader: ToxicType["attributes"][string]): bigint | number {
  return reader({ type: "number", value: "0" }, "zero");
}

function directionOf(stream: string): Direction {
  const direction = stream.toLowerCase();
  if (direction !== "upstream" && direction !== "downstream") throw invalidStream();
  return direction;
}
