/** A guard stands before a function of Node's: it asks who is running before it lets anybody through, and leaves everything else as it was. */
import { promisify } from "node:util";
import { runningParty } from "./context.ts";

/** Something that must not be used in a simulation: a function, a constructor, or a property that is read. */
export interface Forbidden {
  /** As one writes it: `Math.random`. */
  readonly name: string;
  readonly holder: object;
  readonly key: string;
  /** What to write instead: a whole clause, such as "take host.random.number()". */
  readonly instead: string;
  /** Only such calls. */
  readonly when?: (args: readonly unknown[]) => boolean;
}

/** Puts the guard in place. Disposing puts back what was there. */
export function guard(forbidden: Forbidden): Disposable {
  const { holder, key } = forbidden;
  const before = Object.getOwnPropertyDescriptor(holder, key);
  Object.defineProperty(holder, key, guarded(forbidden, before));
  return {
    [Symbol.dispose]() {
      if (before === undefined) Reflect.deleteProperty(holder, key);
      else Object.defineProperty(holder, key, before);
    },
  };
}

/** What is inherited gets a property of its own. */
function guarded(forbidden: Forbidden, before: PropertyDescriptor | undefined): PropertyDescriptor {
  const getter = before === undefined ? undefined : (Reflect.get(before, "get") as AnyFunction | undefined);
  if (getter !== undefined) return { ...before, get: guardedFunction(getter, forbidden) };
  const value: unknown = Reflect.get(forbidden.holder, forbidden.key);
  if (typeof value !== "function") throw new TypeError(`${forbidden.name} is no function: take it out of the list`);
  const around = guardedFunction(value as AnyFunction, forbidden);
  return { configurable: true, enumerable: true, writable: true, ...before, value: around };
}

type AnyFunction = (...args: unknown[]) => unknown;

/** A proxy keeps names, statics, prototypes and `instanceof` as they are. */
function guardedFunction(original: AnyFunction, forbidden: Forbidden): AnyFunction {
  const { when } = forbidden;
  return new Proxy(original, {
    apply(target, self, args: unknown[]) {
      if (when === undefined || when(args)) refuse(forbidden);
      return Reflect.apply(target, self, args);
    },
    construct(target, args: unknown[], newTarget) {
      if (when === undefined || when(args)) refuse(forbidden);
      return Reflect.construct(target, args, newTarget) as object;
    },
    get(target, key) {
      const value: unknown = Reflect.get(target, key);
      // Some functions have a second one that gives a promise.
      return key === promisify.custom && typeof value === "function"
        ? guardedFunction(value as AnyFunction, forbidden)
        : value;
    },
  });
}

/** @throws {Error} inside a simulated process, and nowhere else. */
export function refuse({ name, instead }: Pick<Forbidden, "name" | "instead">): void {
  const party = runningParty();
  if (party === undefined) return;
  const message = `${name} is not to be had in a simulation (used by ${party.name}): ${instead}`;
  party.onForbidden?.(message);
  throw new Error(message);
}
