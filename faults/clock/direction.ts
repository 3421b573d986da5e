/** Which way a clock is moved. */
import { z } from "zod";

export const clockDirections = ["forward", "backward"] as const;
export type ClockDirection = (typeof clockDirections)[number];

export function clockDirection(usual: ClockDirection, description: string) {
  return z
    .enum(clockDirections, "write forward or backward")
    .prefault(usual)
    .meta({ description, examples: [...clockDirections] });
}

/** By so much, with its sign. */
export function signed(milliseconds: number, direction: ClockDirection): number {
  return direction === "forward" ? milliseconds : -milliseconds;
}
