/** What is remembered of clients and questions: so many, and no more. */

/** Those that were used last. */
export interface Recent<Value extends object> {
  /** What is there, or else what is made. */
  of(key: string, make: () => Value): Value;
  get(key: string): Value | undefined;
}

interface Entry<Value> {
  readonly value: Value;
  /** How many were put in before it. */
  place: number;
}

/**
 * What was used longest ago is forgotten first; a quarter at once, since to look for the oldest takes as long as many are gone. To put something at the end
 * again costs as much as all else, and is left until a quarter has been put behind it.
 */
export function createRecent<Value extends object>(most: number): Recent<Value> {
  const all = new Map<string, Entry<Value>>();
  const quarter = Math.floor(most / 4);
  let places = 0;

  function put(key: string, entry: Entry<Value>): void {
    entry.place = places;
    places += 1;
    all.set(key, entry);
    if (all.size <= most) return;
    let tooMany = all.size - (most - quarter);
    for (const oldest of all.keys()) {
      if (tooMany <= 0) break;
      all.delete(oldest);
      tooMany -= 1;
    }
  }

  function get(key: string): Value | undefined {
    const entry = all.get(key);
    if (entry === undefined) return undefined;
    if (places - entry.place > quarter) {
      all.delete(key);
      put(key, entry);
    }
    return entry.value;
  }

  return {
    get,
    of(key, make) {
      const known = get(key);
      if (known !== undefined) return known;
      const value = make();
      put(key, { value, place: 0 });
      return value;
    },
  };
}
