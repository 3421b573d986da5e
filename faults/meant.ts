/** Which fault was probably meant by a word that is the key of none. */
import { faultKey, faultOf } from "./key.ts";
import { nearest, thereAre } from "./nearest.ts";

/** By its name or what it is sought as, in its plane if one is written; else by how it is spelt. `keys`: of those that there are, as they are written. */
export function faultMeant(word: string, keys: Iterable<string>): string | undefined {
  const all = [...keys];
  const { plane, name } = partsOf(word);
  const own = all.filter((key) => partsOf(key).plane === plane);
  const isSought = (key: string): boolean =>
    partsOf(key).name === name || faultOf(key)?.soughtAs?.some((other) => faultKey(other) === name) === true;
  const near = nearest(
    name,
    own.map((key) => partsOf(key).name),
  );
  return (
    own.find(isSought) ??
    own.find((key) => partsOf(key).name === near) ??
    (own.length === 0 ? nearest(word, all) : undefined) ??
    all.find(isSought)
  );
}

/** "did you mean ntp.step?", else what there is, of its plane if that is one. */
export function faultHint(word: string, keys: Iterable<string>): string {
  const all = [...keys];
  const meant = faultMeant(word, all);
  if (meant !== undefined) return `did you mean ${meant}?`;
  const { plane } = partsOf(word);
  const own = all.filter((key) => partsOf(key).plane === plane);
  return thereAre(own.length === 0 ? all : own);
}

/** Without a point there is no plane. */
function partsOf(word: string): { readonly plane: string; readonly name: string } {
  const key = faultKey(word.toLowerCase());
  const point = key.indexOf(".");
  return { plane: key.slice(0, Math.max(0, point)), name: key.slice(point + 1) };
}
