/** Which way packets go, seen from the service. */
import { z } from "zod";

export const directions = ["both", "in", "out"] as const;
export type Direction = (typeof directions)[number];

export const direction = z
  .enum(directions, "write both, in or out")
  .prefault("both")
  .meta({ description: "in: what comes to the service; out: what it sends", examples: [...directions] });
