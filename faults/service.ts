/**
 * What the planes have in common whose `where` is a service: a fault acts on what a target of its plane lets it do, in whatever world, and
 * what lasts returns the disposable that lifts it.
 *
 *     occurrence ──► inject(target, parameters, context) ──► hits … ──► disposable, disposed of at the end
 */
import type { z } from "zod";
import type { Declaration } from "./fault.ts";
import type { Chance } from "./random.ts";

export interface ServiceContext {
  /** On the harness's clock. Rejects when the occurrence ends. */
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** Aborted when the occurrence ends. */
  readonly signal: AbortSignal;
  /** The fault has done something to the target, once more. */
  readonly hit: (detail: Readonly<Record<string, unknown>>) => void;
  /** A uniform number in [0, 1) for the n-th decision of a name; the same for the same occurrence, service, name and n. */
  readonly draw: (decision: string, n: number) => number;
  /** What `draw` draws from, for a target that makes decisions of its own. */
  readonly chance: Chance;
}

export interface ServiceFault<
  Plane extends string,
  Target,
  Parameters extends z.ZodObject = z.ZodObject,
> extends Declaration<Parameters> {
  readonly plane: Plane;
  /**
   * It works inside the host of a program, so that a `command` and an image can't have it: `check` refuses it there, and says this, which is what to write instead.
   */
  readonly programsOnly?: string;
  /** With this in the plan an image can have it all the same; then nobody tells of its hits. */
  readonly imagesWith?: "limits.disk";
  /** Only the host of a program tells of its hits; nobody sees those of a `command` or an image, whose step must say `may_miss`. */
  readonly toldByPrograms?: true;
  /** Resolves when all that it does at once is done. What goes on then ends when it is lifted. */
  inject(target: Target, parameters: z.output<Parameters>, context: ServiceContext): Promise<AsyncDisposable | void>;
}
