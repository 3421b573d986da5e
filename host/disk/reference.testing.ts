/**
 * The rules of crash states once more, as plainly as they can be said: of all that was done, every selection that breaks no rule. It takes
 * exponential time, has no directories but `d`, which is always there, and is for tests to compare with.
 */
export type SmallStep =
  | {
      readonly do: "write" | "append";
      readonly path: string;
      readonly texts: readonly string[];
      readonly sync: boolean;
    }
  | { readonly do: "rename"; readonly from: string; readonly to: string }
  | { readonly do: "remove"; readonly path: string }
  | { readonly do: "syncDirectory"; readonly path: string };

interface NameEffect {
  readonly kind: "names";
  readonly directories: readonly string[];
  readonly names: readonly (readonly [path: string, file: number | undefined])[];
}
interface DataEffect {
  readonly kind: "data";
  readonly file: number;
  /** Undefined: a truncation. */
  readonly write: { readonly position: number; readonly text: string } | undefined;
}
type Effect = NameEffect | DataEffect;

/** All legal states, as JSON of `{ path: content }`. */
export function legalStates(
  initial: Readonly<Record<string, string>>,
  steps: readonly SmallStep[],
): ReadonlySet<string> {
  const { contents, names, effects, required } = run(initial, steps);
  const states = new Set<string>();
  for (let bits = 0; bits < 2 ** effects.length; bits += 1) {
    const chosen = new Set(effects.filter((_, index) => Math.floor(bits / 2 ** index) % 2 === 1));
    if ([...required].some((effect) => !chosen.has(effect)) || !isClosed(effects, chosen)) continue;
    const tree = new Map(names);
    for (const effect of chosen)
      if (effect.kind === "names")
        for (const [path, file] of effect.names) {
          if (file === undefined) tree.delete(path);
          else tree.set(path, file);
        }
    let combinations: Record<string, string>[] = [{}];
    for (const [path, file] of [...tree].sort(([one], [other]) => (one < other ? -1 : 1))) {
      const possible = contentsOf(contents.get(file) ?? "", file, effects, chosen);
      combinations = combinations.flatMap((some) => possible.map((content) => ({ ...some, [path]: content })));
    }
    for (const combination of combinations) states.add(JSON.stringify(combination));
  }
  return states;
}

/** What becomes of one file when of what was done to it only the chosen effects survive. */
function contentsOf(initial: string, file: number, effects: readonly Effect[], chosen: ReadonlySet<Effect>): string[] {
  const data = effects.filter((effect): effect is DataEffect => effect.kind === "data" && effect.file === file);
  const kept = data.filter((effect) => chosen.has(effect));
  const whole = kept.reduce(withEffect, initial);
  const [next, ...rest] = data.slice(kept.length);
  if (next?.write === undefined) return [whole];
  const sizes: number[] = [];
  let full = whole;
  for (const effect of [next, ...rest]) {
    if (effect.write === undefined) break;
    full = withEffect(full, effect);
    sizes.push(full.length);
  }
  const { position, text } = next.write;
  return Array.from({ length: text.length }, (_, torn) => {
    const content = torn === 0 ? whole : withEffect(whole, { ...next, write: { position, text: text.slice(0, torn) } });
    return [content, ...sizes.map((size) => content.padEnd(size, "\0"))];
  }).flat();
}

function withEffect(content: string, { write }: DataEffect): string {
  if (write === undefined) return "";
  const { position, text } = write;
  return content.slice(0, position).padEnd(position, "\0") + text + content.slice(position + text.length);
}

/** No hole in what survives of a file, nor of a directory; a rename between directories needs all before it. */
function isClosed(effects: readonly Effect[], chosen: ReadonlySet<Effect>): boolean {
  return effects.every(
    (later, index) =>
      !chosen.has(later) || effects.slice(0, index).every((earlier) => chosen.has(earlier) || !needs(later, earlier)),
  );
}

function needs(later: Effect, earlier: Effect): boolean {
  if (later.kind === "data") return earlier.kind === "data" && earlier.file === later.file;
  if (earlier.kind === "data") return false;
  return later.directories.length > 1 || earlier.directories.some((directory) => later.directories.includes(directory));
}

function run(initial: Readonly<Record<string, string>>, steps: readonly SmallStep[]) {
  const names = new Map(Object.keys(initial).map((path, file) => [path, file] as const));
  const contents = new Map(Object.values(initial).map((content, file) => [file, content] as const));
  const current = new Map(names);
  const sizes = new Map([...contents].map(([file, content]) => [file, content.length] as const));
  const effects: Effect[] = [];
  const required = new Set<Effect>();
  const changeNames = (...changes: readonly (readonly [string, number | undefined])[]): void => {
    const directories = [...new Set(changes.map(([path]) => directoryOf(path)))];
    effects.push({ kind: "names", directories, names: changes });
    for (const [path, file] of changes) {
      if (file === undefined) current.delete(path);
      else current.set(path, file);
    }
  };
  const require = (effect: Effect): void => {
    if (required.has(effect)) return;
    required.add(effect);
    for (const earlier of effects.slice(0, effects.indexOf(effect))) if (needs(effect, earlier)) require(earlier);
  };
  const sync = (file: number): void => {
    for (const effect of effects) if (effect.kind === "data" && effect.file === file) require(effect);
    const linking = effects.filter(
      (effect) => effect.kind === "names" && effect.names.some(([, named]) => named === file),
    );
    const [birth] = linking;
    const last = linking.at(-1);
    const isBirth = birth?.kind === "names" && birth.names.length === 1;
    if (isBirth && !required.has(birth) && last !== undefined) require(last);
  };

  for (const step of steps) {
    switch (step.do) {
      case "write":
      case "append": {
        const known = current.get(step.path);
        const file = known ?? sizes.size;
        if (known === undefined) changeNames([step.path, file]);
        if (step.do === "write" && (sizes.get(file) ?? 0) > 0) effects.push({ kind: "data", file, write: undefined });
        let position = step.do === "write" ? 0 : (sizes.get(file) ?? 0);
        for (const text of step.texts) {
          effects.push({ kind: "data", file, write: { position, text } });
          position += text.length;
        }
        sizes.set(file, position);
        if (step.sync) sync(file);
        break;
      }
      case "rename": {
        const file = current.get(step.from);
        if (file !== undefined && step.from !== step.to) changeNames([step.from, undefined], [step.to, file]);
        break;
      }
      case "remove":
        if (current.has(step.path)) changeNames([step.path, undefined]);
        break;
      case "syncDirectory":
        for (const effect of effects)
          if (effect.kind === "names" && effect.directories.includes(step.path)) require(effect);
        break;
    }
  }
  return { contents, names, effects, required };
}

function directoryOf(path: string): string {
  return path.startsWith("d/") ? "d" : "";
}
