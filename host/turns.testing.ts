/** For tests: turns that end when they are told to. */
import { expect } from "vitest";

export interface Ends {
  /** As for `TurnsOptions`; nobody may ask twice. */
  readonly next: (end: () => void) => void;
  readonly endTurn: () => void;
  readonly wanted: () => boolean;
}

export function createEnds(): Ends {
  const ends: (() => void)[] = [];
  return {
    next: (end) => void ends.push(end),
    endTurn: () => {
      const [end, ...others] = ends.splice(0);
      expect(others).toEqual([]);
      end?.();
    },
    wanted: () => ends.length > 0,
  };
}
