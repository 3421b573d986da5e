/** What a fault remembers, by client or question: so many, and no more. */

export interface Kept<T> {
  readonly by: Map<string, T>;
}

/** What was put in first is forgotten first. */
const most = 1000;

export function nothingKept<T>(): Kept<T> {
  return { by: new Map() };
}

export function keep<T>({ by }: Kept<T>, key: string, value: T): void {
  by.delete(key);
  by.set(key, value);
  const [oldest] = by.keys();
  if (by.size > most && oldest !== undefined) by.delete(oldest);
}
