/** Who looks at what: finds those that a change concerns, without asking all the others. */
export interface Readers<Reader> {
  add(reads: readonly string[], reader: Reader): void;
  remove(reader: Reader): void;
  /** Each of them once. A name stands for its members too: `node` for `node.alive`; and who reads all of `node` is concerned by `node.ping`. */
  of(changed: readonly string[]): Iterable<Reader>;
}

export function createReaders<Reader>(): Readers<Reader> {
  /** By what they read, and by all that this is a part of. */
  const below = new Map<string, Set<Reader>>();
  /** By exactly what they read. */
  const exactly = new Map<string, Set<Reader>>();
  const nobody: ReadonlySet<Reader> = new Set();
  /** The same few names come with every event. */
  const found = new Map<string, ReadonlySet<Reader>>();

  const of = (name: string): ReadonlySet<Reader> => {
    const known = found.get(name);
    if (known !== undefined) return known;
    const readers = find(name);
    found.set(name, readers);
    return readers;
  };
  const find = (name: string): ReadonlySet<Reader> => {
    const readers = below.get(name) ?? nobody;
    const whole = prefixesOf(name)
      .slice(0, -1)
      .flatMap((prefix) => [...(exactly.get(prefix) ?? nobody)]);
    return whole.length === 0 ? readers : new Set([...readers, ...whole]);
  };
  return {
    add(reads, reader) {
      found.clear();
      for (const read of reads) {
        put(exactly, read, reader);
        for (const prefix of prefixesOf(read)) put(below, prefix, reader);
      }
    },
    remove(reader) {
      found.clear();
      for (const readers of [...below.values(), ...exactly.values()]) readers.delete(reader);
    },
    of([first, ...more]) {
      if (first === undefined) return nobody;
      return more.length === 0 ? of(first) : new Set([first, ...more].flatMap((name) => [...of(name)]));
    },
  };
}

function put<Reader>(map: Map<string, Set<Reader>>, key: string, reader: Reader): void {
  const readers = map.get(key) ?? new Set();
  readers.add(reader);
  map.set(key, readers);
}

/** `node`, `node.ping` and `node.ping.age` of the last of these. */
function prefixesOf(read: string): readonly string[] {
  const parts = read.split(".");
  return parts.map((_, n) => parts.slice(0, n + 1).join("."));
}
