/**
 * Values on their way into CEL and out of it. CEL tells types apart by the JavaScript constructor, hence the classes; nothing else sees them.
 *
 *     plain: 250 (ms) · 3 · [1, "a"] · { count, age, last }   ◄──►   CEL: Duration · 3n · [1n, "a"] · an Event
 */
import type { ValueType } from "./expression.ts";

export class Duration {
  readonly milliseconds: number;

  constructor(milliseconds: number) {
    this.milliseconds = milliseconds;
  }
}

export class Size {
  readonly bytes: number;

  constructor(bytes: number) {
    this.bytes = bytes;
  }
}

/** An object of the scope; its members are converted when somebody looks at them. */
export interface Wrapped {
  readonly plain: Readonly<Record<string, unknown>>;
}

export type Wrapper = new (plain: Readonly<Record<string, unknown>>) => Wrapped;

/** The class of one object type. An undefined member stays undefined: CEL then says that there is no such key, and that means "not known yet". */
export function wrapperOf(
  members: ReadonlyMap<string, ValueType>,
  wrapperFor: (type: ValueType) => Wrapper | undefined,
): Wrapper {
  class WrappedObject implements Wrapped {
    readonly plain: Readonly<Record<string, unknown>>;

    constructor(plain: Readonly<Record<string, unknown>>) {
      this.plain = plain;
    }
  }
  for (const [member, type] of members) {
    Object.defineProperty(WrappedObject.prototype, member, {
      get(this: Wrapped) {
        return toCel(this.plain[member], type, wrapperFor);
      },
    });
  }
  return WrappedObject;
}

/** @throws {TypeError} for a value that is not of its type: a bug of whoever bound it. */
export function toCel(value: unknown, type: ValueType, wrapperFor: (type: ValueType) => Wrapper | undefined): unknown {
  if (value === undefined) return undefined;
  if (typeof type === "object" || type === "event") {
    const wrapper = wrapperFor(type);
    if (typeof value !== "object" || value === null || wrapper === undefined) throw mismatch(value, type);
    return new wrapper(value as Readonly<Record<string, unknown>>);
  }
  switch (type) {
    case "bool":
      if (typeof value !== "boolean") throw mismatch(value, type);
      return value;
    case "string":
      if (typeof value !== "string") throw mismatch(value, type);
      return value;
    case "int":
      if (!Number.isSafeInteger(value)) throw mismatch(value, type);
      return BigInt(value as number);
    case "double":
    case "duration":
    case "age":
    case "size":
      if (typeof value !== "number") throw mismatch(value, type);
      if (type === "double") return value;
      return type === "size" ? new Size(value) : new Duration(value);
    case "list":
      if (!Array.isArray(value)) throw mismatch(value, type);
      return dynamicToCel(value);
    case "dynamic":
      return dynamicToCel(value);
    default:
      return type satisfies never;
  }
}

function mismatch(value: unknown, type: ValueType): TypeError {
  return new TypeError(`${JSON.stringify(value)} is not ${typeof type === "object" ? type.object : `of type ${type}`}`);
}

/** JSON as CEL has it: whole numbers are ints. */
function dynamicToCel(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(dynamicToCel);
  if (typeof value === "object" && value !== null) {
    return new Map(Object.entries(value).map(([key, item]) => [key, dynamicToCel(item)]));
  }
  return Number.isSafeInteger(value) ? BigInt(value as number) : value;
}

export function fromCel(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (value instanceof Duration) return value.milliseconds;
  if (value instanceof Size) return value.bytes;
  if (Array.isArray(value)) return value.map(fromCel);
  if (value instanceof Map)
    return Object.fromEntries([...value].map(([key, item]) => [String(fromCel(key)), fromCel(item)]));
  if (typeof value === "object" && value !== null) {
    if ("plain" in value) return value.plain;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fromCel(item)]));
  }
  return value;
}
