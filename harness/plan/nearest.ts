import { editDistance } from "../expression/suggest.ts";

/** The name that was probably meant, if one is near enough. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  let best: { readonly name: string; readonly distance: number } | undefined;
  for (const name of known) {
    const distance = editDistance(word, name);
    const near = distance <= Math.max(1, Math.floor(Math.max(word.length, name.length) / 3));
    if (near && (best === undefined || distance < best.distance)) best = { name, distance };
  }
  return best?.name;
}

const maximumListed = 12;

/** "did you mean storm?", else what there is: "there are storm, drip", "there are none". */
export function hint(word: string, known: Iterable<string>): string {
  const names = [...known];
  const meant = nearest(word, names);
  if (meant !== undefined) return `did you mean ${meant}?`;
  if (names.length === 0) return "there are none";
  const listed = names.slice(0, maximumListed).join(", ");
  return `there ${names.length === 1 ? "is" : "are"} ${listed}${names.length > maximumListed ? ", …" : ""}`;
}
