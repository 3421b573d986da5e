/** What a task's state means for its job. */
import type { SwarmTask } from "../worlds/docker/engine-swarm.ts";

export type Stage =
  | { readonly type: "under way" }
  /** By itself: what it wrote tells. Whoever was not killed ends well, whatever became of the run. */
  | { readonly type: "ended"; readonly well: boolean; readonly how: string }
  /** The node has not got the image. */
  | { readonly type: "without image" }
  /** Its node could not run it, or was told to stop it. */
  | { readonly type: "lost"; readonly reason: string };

const missingImage = /no such image/i;

export function stageOf({ state, error, exitCode }: SwarmTask): Stage {
  switch (state) {
    case "complete":
    case "failed":
      if (missingImage.test(error)) return { type: "without image" };
      return {
        type: "ended",
        well: state === "complete",
        how: error === "" ? `it ended with code ${exitCode ?? 0}` : error,
      };
    case "rejected":
    case "shutdown":
    case "orphaned":
    case "remove":
      if (missingImage.test(error)) return { type: "without image" };
      return { type: "lost", reason: error === "" ? `its task was ${wordOf[state]}` : error };
    default:
      return { type: "under way" };
  }
}

const wordOf = {
  rejected: "rejected",
  shutdown: "shut down",
  orphaned: "given up by the swarm",
  remove: "removed",
} as const;
