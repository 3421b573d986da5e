/** What only one can hold at a time, such as why a disk refuses: of several that hold at once, the latest counts. */
export interface Overlap<Value> {
  readonly value: Value | undefined;
  /** Until it is disposed of. */
  add(value: Value, onHit: () => void): Promise<AsyncDisposable>;
  /** It has made a difference: that of the latest. */
  hit(): void;
}

/** `apply` is told of each change; undefined: nobody holds it any more. */
export function createOverlap<Value>(apply: (value: Value | undefined) => Promise<void> | void): Overlap<Value> {
  const held: { readonly value: Value; readonly onHit: () => void }[] = [];
  const settle = async (): Promise<void> => apply(held.at(-1)?.value);
  return {
    get value() {
      return held.at(-1)?.value;
    },
    async add(value, onHit) {
      const entry = { value, onHit };
      held.push(entry);
      await using stack = new AsyncDisposableStack();
      stack.defer(() => {
        held.splice(held.indexOf(entry), 1);
        return settle();
      });
      await settle();
      return stack.move();
    },
    hit: () => held.at(-1)?.onHit(),
  };
}
