/** A line of a Node Manager's packet dump (node-manager/dump.ts), read back. */

export interface Line {
  /** Milliseconds, by both clocks of the node. */
  readonly wall: number;
  readonly at: number;
  readonly plane: string;
  readonly event: string;
  readonly facts: ReadonlyMap<string, string>;
}

/** Undefined: it is none, or was cut. */
export function readLine(text: string): Line | undefined {
  const [, wall, at, plane, event, rest = ""] = /^(\d+\.\d{3}) (\d+\.\d{3}) (\w+) ([\w-]+)(?: (.*))?$/.exec(text) ?? [];
  if (plane === undefined || event === undefined) return undefined;
  const words = rest.matchAll(/([\w-]+)=("(?:[^"\\]|\\.)*"|\S+)/g);
  const facts = new Map([...words].map(([, name = "", value = ""]) => [name, unquote(value)]));
  return { wall: Number(wall) * 1000, at: Number(at) * 1000, plane, event, facts };
}

export function numberOf({ facts }: Line, name: string): number | undefined {
  const value = Number(facts.get(name) ?? Number.NaN);
  return Number.isFinite(value) ? value : undefined;
}

function unquote(value: string): string {
  if (!value.startsWith('"')) return value;
  try {
    return String(JSON.parse(value));
  } catch {
    return value;
  }
}
