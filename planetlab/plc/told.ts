/** What PLC tells of its data, which need not be what is there: any field may be nil, or of another type than it should be. */
import type { Slice } from "./data.ts";

/** `null` is nil: in XML the attribute is not there. */
export type Field = string | number | null;

export interface ToldSlice {
  readonly id: Field;
  readonly name: Field;
  readonly expiry: Field;
  readonly instantiation: Field;
  readonly nodes: readonly number[];
  readonly users: readonly number[];
  readonly rspec: Readonly<Record<string, Field>>;
  readonly attributes: Readonly<Record<string, Field>>;
}

export const toldSlice = (slice: Slice): ToldSlice => slice;

/** What is said of an answer as a whole. */
export interface Stamp {
  readonly epoch: number;
  readonly serial: number;
  /** PLC's clock. */
  readonly timestampSeconds: number;
}

/** How answers are written: versions change names, types and units. */
export interface Dialect {
  /** major.minor of the versioned document; undefined: it says nothing. */
  readonly format: string | undefined;
  /** Elements, attributes and members that are called otherwise. */
  readonly names: Readonly<Record<string, string>>;
  readonly expiry: (seconds: Field) => Field;
  /** What a slice may have, by the resource's name. */
  readonly resource: (name: string, value: Field) => Field;
  /** What the API has as a list of structs: that, or a struct that has a member for each. */
  readonly lists: "list" | "struct";
}

export const plainDialect: Dialect = {
  format: "1.0",
  names: {},
  expiry: (seconds) => seconds,
  resource: (_name, value) => value,
  lists: "list",
};

export const nameIn = ({ names }: Dialect, name: string): string =>
  Object.hasOwn(names, name) ? (names[name] ?? name) : name;
