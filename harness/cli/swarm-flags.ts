/** What the command line says of a swarm. Apart from what it takes (on-swarm.ts): the libraries of an engine are for those who use one. */
import { UsageError } from "../errors.ts";

export const elsewhere = ["swarm"] as const;

export interface SwarmFlags {
  readonly on?: (typeof elsewhere)[number];
  readonly image?: string;
  readonly perNode?: number;
}

/** @throws {UsageError} for flags that mean nothing without `--on`. */
export function checkSwarmFlags({ on, image, perNode }: SwarmFlags): void {
  if (on !== undefined) return;
  if (image !== undefined) throw new UsageError("--image: it is for the nodes of a swarm: add --on swarm");
  if (perNode !== undefined) throw new UsageError("--per-node: it is for the nodes of a swarm: add --on swarm");
}
