/** Go's rules for putting JSON into a struct, as far as clients can see them: keys in any case, `null` leaves the default, unknown keys are ignored. */
import { badBody } from "./errors.ts";
import type { Json } from "./json.ts";

/** Reads one field's value; `where` is what an error says. */
export type Reader<Value> = (json: Json, where: string) => Value;

const lowestInteger = -(2n ** 63n);
const highestInteger = 2n ** 63n - 1n;
const highestFloat32 = 3.402_823_466_385_288_6e38;

function mismatch(json: Json, where: string, type: string): Error {
  const what = json.type === "number" && type !== "string" && type !== "bool" ? `number ${json.value}` : json.type;
  return badBody(`json: cannot unmarshal ${what} into Go ${where} of type ${type}`);
}

export const text: Reader<string> = (json, where) => {
  if (json.type !== "string") throw mismatch(json, where, "string");
  return json.value;
};

export const truth: Reader<boolean> = (json, where) => {
  if (json.type !== "bool") throw mismatch(json, where, "bool");
  return json.value;
};

/** An integer is one by its spelling: neither `1.0` nor `1e2`. */
export const integer: Reader<bigint> = (json, where) => {
  if (json.type !== "number") throw mismatch(json, where, "int64");
  const value = /^-?\d{1,19}$/.test(json.value) ? BigInt(json.value) : undefined;
  if (value === undefined || value < lowestInteger || value > highestInteger) throw mismatch(json, where, "int64");
  return value;
};

export const float32: Reader<number> = (json, where) => {
  if (json.type !== "number" || Math.abs(Number(json.value)) > highestFloat32) throw mismatch(json, where, "float32");
  return Math.fround(Number(json.value));
};

export const float64: Reader<number> = (json, where) => {
  if (json.type !== "number" || !Number.isFinite(Number(json.value))) throw mismatch(json, where, "float64");
  return Number(json.value);
};

/** What is there stays JSON: its reader is chosen by another field. */
export const raw: Reader<Json> = (json) => json;

type Fields = Readonly<Record<string, Reader<unknown>>>;
export type Decoded<Of extends Fields> = { readonly [Name in keyof Of]?: ReturnType<Of[Name]> };

/** `struct` is what Go calls it in an error; fields that are absent or null are absent in the result, and of doubles the last counts. */
export function decode<const Of extends Fields>(
  json: Json,
  struct: { readonly type: string; readonly name: string },
  fields: Of,
): Decoded<Of> {
  if (json.type === "null") return {};
  if (json.type !== "object") throw mismatch(json, "value", struct.type);
  const byName = new Map(Object.keys(fields).map((name) => [name.toLowerCase(), name]));
  const found: Record<string, unknown> = {};
  for (const [key, value] of json.value) {
    const name = byName.get(key.toLowerCase());
    const reader = name === undefined ? undefined : fields[name];
    if (name === undefined || reader === undefined || value.type === "null") continue;
    found[name] = reader(value, `struct field ${struct.name}.${name}`);
  }
  return found as Decoded<Of>;
}

/** The items of an array; null has none. */
export function decodeArray(json: Json, where: string, type: string): readonly Json[] {
  if (json.type === "null") return [];
  if (json.type !== "array") throw mismatch(json, where, type);
  return json.value;
}
