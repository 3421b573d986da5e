/** The names in an expression that stand for something outside of it: `node` in `node.alive && size(names) > 0`, and `names`. */
import { token } from "./literals.ts";

export interface Mention {
  readonly name: string;
  /** Into the text, in UTF-16 units. */
  readonly offset: number;
}

/** Not what stands in strings and comments, members, or what is called. Works on any text. */
export function mentionsIn(text: string): readonly Mention[] {
  return [...text.matchAll(token)].flatMap(({ groups, index }) => {
    const name = groups?.["name"];
    if (name === undefined || /\.\s*$/.test(text.slice(0, index))) return [];
    return /^\s*\(/.test(text.slice(index + name.length)) ? [] : [{ name, offset: index }];
  });
}

export interface Renamed {
  readonly text: string;
  /** From an offset in the new text to one in the old. */
  readonly originalOffset: (offset: number) => number;
}

export function rename(text: string, names: ReadonlyMap<string, string>): Renamed {
  const ends: { readonly after: number; readonly longer: number }[] = [];
  let renamed = "";
  let from = 0;
  for (const { name, offset } of mentionsIn(text)) {
    const other = names.get(name);
    if (other === undefined) continue;
    renamed += text.slice(from, offset) + other;
    from = offset + name.length;
    ends.push({ after: renamed.length, longer: renamed.length - from });
  }
  return {
    text: renamed + text.slice(from),
    originalOffset: (offset) => offset - (ends.findLast(({ after }) => after <= offset)?.longer ?? 0),
  };
}
