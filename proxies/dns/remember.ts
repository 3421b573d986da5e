/** What is remembered of clients and questions: so many, and no more. */

/** What was put in first is forgotten first; a quarter at once, since to look for the oldest takes as long as many are gone. */
export function remember<Key, Value>(map: Map<Key, Value>, key: Key, value: Value, most: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= most) return;
  let tooMany = map.size - Math.floor((most * 3) / 4);
  for (const oldest of map.keys()) {
    if (tooMany <= 0) break;
    map.delete(oldest);
    tooMany -= 1;
  }
}
