/** For faults that are about one slice among others. */
import type { ToldSlice } from "../told.ts";

/** The one of the name, or else the first. */
export function changeOne(
  slices: readonly ToldSlice[],
  wanted: string | undefined,
  change: (slice: ToldSlice) => ToldSlice,
  onChange: (slice: ToldSlice) => void,
): readonly ToldSlice[] {
  const found = slices.find(({ name }) => wanted === undefined || name === wanted);
  if (found === undefined) return slices;
  onChange(found);
  return slices.map((slice) => (slice === found ? change(slice) : slice));
}
