/** Objects as Toxiproxy's clients get them: keys in its order, and strings escaped as Go does. */
import type { Toxic } from "./toxic.ts";

/** What is shown of a proxy. */
export interface ShownProxy {
  readonly name: string;
  readonly listen: string;
  readonly upstream: string;
  /** Toxiproxy knows none. */
  readonly names?: readonly string[] | undefined;
  readonly enabled: boolean;
  readonly toxics: readonly Toxic[];
}

/** `"Logger":{}` is really there since Toxiproxy 2.5. */
export function renderProxy({ name, listen, upstream, enabled, toxics }: ShownProxy): string {
  const fields = `"name":${quote(name)},"listen":${quote(listen)},"upstream":${quote(upstream)},"enabled":${enabled}`;
  return `{${fields},"Logger":{},"toxics":${renderToxics(toxics)}}`;
}

/** By name, sorted as Go sorts: by bytes. */
export function renderProxies(proxies: readonly ShownProxy[]): string {
  const sorted = proxies.toSorted((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
  return `{${sorted.map((proxy) => `${quote(proxy.name)}:${renderProxy(proxy)}`).join(",")}}`;
}

export function renderToxic({ attributes, name, type, stream, toxicity }: Toxic): string {
  const values = Object.entries(attributes).map(([key, value]) => `${quote(key)}:${numberOf(value)}`);
  const fields = `"name":${quote(name)},"type":${quote(type)},"stream":${quote(stream)},"toxicity":${renderFloat32(toxicity)}`;
  return `{"attributes":{${values.join(",")}},${fields}}`;
}

export function renderToxics(toxics: readonly Toxic[]): string {
  return `[${toxics.map(renderToxic).join(",")}]`;
}

/** What populate answers; Go's nil slice is null. */
export function renderPopulated(proxies: readonly ShownProxy[]): string {
  return proxies.length === 0 ? "null" : `[${proxies.map(renderProxy).join(",")}]`;
}

export function renderError(status: number, message: string): string {
  return `{"error":${quote(message)},"status":${status}}`;
}

export function quote(text: string): string {
  return JSON.stringify(text.toWellFormed()).replaceAll(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function numberOf(value: bigint | number): string {
  return String(value);
}

/** The shortest decimal that is the same float32. */
function renderFloat32(value: number): string {
  for (let digits = 1; digits <= 9; digits += 1) {
    const text = value.toPrecision(digits);
    if (Math.fround(Number(text)) === value) return String(Number(text));
  }
  return String(value);
}
