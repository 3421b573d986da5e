/**
 * One slice as this node knows it: told by PLC, kept in the state file.
 *
 *     ToldSlice ──identity──► whose it is, or SliceError: the whole slice stays as it was
 *               ──fields────► each makes sense, or keeps the value that it had
 */
import { z } from "zod";
import type { Guards } from "./guards.ts";

/** Login base and slice, as PLC names them. Narrow on purpose: a name becomes a directory's name. */
export const sliceName = z.string().regex(/^[a-z0-9]{1,32}_[a-z0-9_]{1,64}$/);

export const sliceSchema = z.object({
  id: z.int().positive(),
  name: sliceName,
  /** Seconds since the epoch, by the publisher's clock. */
  expiry: z.int().nonnegative(),
  /** Whether there shall be a sliver of it, and who makes it. */
  instantiation: z.string().default("plc-instantiated"),
  rspec: z.record(z.string(), z.int()),
  /** Lines of `authorized_keys`. */
  keys: z.array(z.string()),
});
export type Slice = z.output<typeof sliceSchema>;

/** A value as it was told: undefined if it was not. */
export type Told = string | number | undefined;

export interface ToldSlice {
  readonly id: Told;
  readonly name: Told;
  readonly expiry: Told;
  readonly instantiation: Told;
  readonly rspec: Readonly<Record<string, Told>>;
  readonly keys: readonly string[];
  /** Where it runs. */
  readonly nodes: readonly number[];
}

/** A field that made no sense, and kept its value. */
export interface OddField {
  readonly name: string;
  readonly field: string;
  readonly value: Told;
}

/** One slice is malformed: it stays as it was, and the others are not concerned. */
export class SliceError extends Error {
  override readonly name = "SliceError";
}

export interface ReadSliceOptions {
  readonly guards: Guards;
  /** As it was known until now. */
  readonly known: Slice | undefined;
  readonly onOdd: (field: OddField) => void;
}

/** @throws {SliceError} */
export function readSlice(told: ToldSlice, options: ReadSliceOptions): Slice {
  const id = sliceSchema.shape.id.safeParse(numberOf(told.id));
  const name = sliceName.safeParse(told.name);
  if (!id.success || !name.success)
    throw new SliceError(`malformed: id ${shown(told.id)}, name ${shown(told.name)}: whose it is can't be told`);
  const taken: Slice = {
    id: id.data,
    name: name.data,
    expiry: numberOf(told.expiry),
    instantiation: String(told.instantiation ?? ""),
    rspec: Object.fromEntries(Object.entries(told.rspec).map(([resource, value]) => [resource, numberOf(value)])),
    keys: [...told.keys],
  };
  return options.guards.has("keep-odd-fields") ? keepOddFields(taken, told, options) : taken;
}

/** PlanetLab is younger than the billionth second, and what counts seconds in 32 bits ends in 2038: anything else is another unit, or none. */
const expirySchema = wholeNumber(1_000_000_000, 2 ** 31 - 1);
const amountSchema = wholeNumber(-(2 ** 53), 2 ** 53);
const instantiations = ["plc-instantiated", "delegated", "nm-controller", "not-instantiated"];
const instantiationSchema = z.enum(instantiations);

/** Whether there shall be a sliver of it. */
export const isInstantiated = ({ instantiation }: Slice): boolean =>
  instantiations.includes(instantiation) && instantiation !== "not-instantiated";

function keepOddFields(taken: Slice, told: ToldSlice, { known, onOdd }: ReadSliceOptions): Slice {
  const kept = <Field extends "expiry" | "instantiation">(field: Field, sound: z.ZodType): Slice[Field] => {
    if (sound.safeParse(told[field]).success) return taken[field];
    onOdd({ name: taken.name, field, value: told[field] });
    const last = known?.[field];
    if (last !== undefined) return last;
    throw new SliceError(`malformed: ${field} ${shown(told[field])}, and there is no earlier value`);
  };
  const rspec = Object.entries(taken.rspec).flatMap(([resource, amount]) => {
    const value = told.rspec[resource];
    if (amountSchema.safeParse(value).success) return [[resource, amount] as const];
    onOdd({ name: taken.name, field: resource, value });
    const last = known?.rspec[resource];
    return last === undefined ? [] : [[resource, last] as const];
  });
  return {
    ...taken,
    expiry: kept("expiry", expirySchema),
    instantiation: kept("instantiation", instantiationSchema),
    rspec: Object.fromEntries(rspec),
  };
}

function wholeNumber(minimum: number, maximum: number): z.ZodType<number> {
  const written = z
    .string()
    .regex(/^-?\d{1,16}$/)
    .transform(Number);
  return z.union([z.number(), written]).pipe(z.int().min(minimum).max(maximum));
}

const numberOf = (told: Told): number => Number(told ?? "");

const shown = (told: Told): string => (told === undefined ? "missing" : JSON.stringify(told).slice(0, 60));
