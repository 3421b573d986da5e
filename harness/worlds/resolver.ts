/** What faults of a service's resolver act on, in every world that can write the file. */
import type { ResolverTarget } from "../../faults/resolver/contract.ts";

/** Faults that overlap change what the one before has left; when one is lifted, the others are applied anew. */
export function createResolverTarget(original: string, write: (content: string) => Promise<void>): ResolverTarget {
  const changes = new Set<(content: string) => string>();
  // One after the other, so that what is written last is what counts last.
  let writing = Promise.resolve();
  const settle = (): Promise<void> => {
    writing = writeAfter(writing);
    return writing;
  };
  const writeAfter = async (before: Promise<void>): Promise<void> => {
    await before.catch(() => {});
    await write([...changes].reduce((content, change) => change(content), original));
  };
  return {
    async change(change) {
      // Each occurrence is one of its own, be it the same function.
      const own = (content: string): string => change(content);
      changes.add(own);
      await settle();
      return {
        async [Symbol.asyncDispose]() {
          changes.delete(own);
          await settle();
        },
      };
    },
  };
}
