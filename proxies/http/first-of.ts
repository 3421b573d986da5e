/** A signal that aborts when one of some does. Not `AbortSignal.any`: Node keeps what that returns for as long as it has not aborted. */
export interface FirstOf extends Disposable {
  readonly signal: AbortSignal;
}

/** Disposing lets go of them: then it never aborts. */
export function firstOf(signals: readonly AbortSignal[]): FirstOf {
  const first = new AbortController();
  const follow = (): void => first.abort();
  for (const signal of signals) {
    if (signal.aborted) follow();
    signal.addEventListener("abort", follow, { once: true });
  }
  return {
    signal: first.signal,
    [Symbol.dispose]() {
      for (const signal of signals) signal.removeEventListener("abort", follow);
    },
  };
}
