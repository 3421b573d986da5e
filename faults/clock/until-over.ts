/** What goes on by turns until its occurrence ends. */
import type { ServiceContext } from "../service.ts";

/** Waits; false once the occurrence is over. */
export type Rest = (milliseconds: number) => Promise<boolean>;

/**
 * Disposing of the result ends the turns, and puts right what `settle` says. What goes wrong in them is told then.
 */
export function untilOver(
  turns: (rest: Rest) => Promise<void>,
  settle: () => Promise<void>,
  { sleep, signal }: ServiceContext,
): AsyncDisposable {
  const lifted = Promise.withResolvers<void>();
  let over = false;
  const rest: Rest = async (milliseconds) => {
    try {
      await Promise.race([sleep(milliseconds), lifted.promise]);
    } catch (error) {
      if (!signal.aborted) throw error;
      over = true;
    }
    return !over;
  };
  const running = turns(rest);
  // Whoever lifts it hears of it.
  running.catch(() => {});
  return {
    async [Symbol.asyncDispose]() {
      over = true;
      lifted.resolve();
      try {
        await running;
      } finally {
        await settle();
      }
    },
  };
}
