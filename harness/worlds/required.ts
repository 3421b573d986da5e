/** What a plan names was checked before anything started: that it is missing now is a bug. */
export function required<Key, Value>(map: ReadonlyMap<Key, Value>, key: Key): Value {
  const value = map.get(key);
  if (value === undefined) throw new Error(`there is nothing called ${String(key)} in this world`);
  return value;
}
