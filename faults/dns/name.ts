/**
 * Domain names as text, in the presentation of RFC 1035, section 5.1, without a dot at the end: `plc.test`, the root `.`, and for what else is in a
 * label `a\.b.test` and `\000\255.test`. So every name that can be on the wire has exactly one text.
 */

/** RFC 1035, section 2.3.4. */
export const mostBytesOfLabel = 63;
export const mostBytesOfName = 255;

/** The labels of a text, each as its bytes. What is beyond ASCII goes as UTF-8. */
export function labelsOf(name: string): readonly Uint8Array[] {
  if (name === "." || name === "") return [];
  if (!name.includes("\\")) return name.replace(/\.$/, "").split(".").map(bytesOfText);
  const labels: number[][] = [[]];
  const pieces = name.replace(/(?<!\\)\.$/, "").matchAll(/\\(\d{3})|\\([^])|([^])/gu);
  for (const [, code, escaped, plain] of pieces) {
    const label = labels.at(-1) ?? [];
    if (plain === ".") labels.push([]);
    else if (code !== undefined) label.push(Number(code) & 0xff);
    else label.push(...bytesOfText(escaped ?? plain ?? ""));
  }
  return labels.map((label) => Uint8Array.from(label));
}

export function labelText(label: Uint8Array): string {
  let text = "";
  for (const byte of label) {
    if (byte === 0x2e || byte === 0x5c) text += `\\${String.fromCharCode(byte)}`;
    else if (byte > 0x20 && byte < 0x7f) text += String.fromCharCode(byte);
    else text += `\\${String(byte).padStart(3, "0")}`;
  }
  return text;
}

export function nameOf(labels: readonly Uint8Array[]): string {
  return labels.length === 0 ? "." : labels.map(labelText).join(".");
}

/** As it goes on the wire, uncompressed, whether it keeps to the limits or not. */
export function wireOf(name: string): Uint8Array {
  return Uint8Array.from([...labelsOf(name).flatMap((label) => [label.length & 0xff, ...label]), 0]);
}

/** Names are the same whatever the case of their ASCII letters (RFC 4343). */
export function isSameName(one: string, other: string): boolean {
  return one === other || one.toLowerCase() === other.toLowerCase();
}

/** `a` and `b` → `a.b`; where that is too long for a name, below the nearest domain above `b` that leaves room. */
export function under(name: string, parent: string): string {
  if (parent === ".") return name;
  const whole = `${name}.${parent}`;
  return wireOf(whole).length > mostBytesOfName ? under(name, parentOf(parent)) : whole;
}

/** Why it can't be on the wire, and what to write; undefined if it can. The root is empty here. */
export function wrongName(name: string): string | undefined {
  if (name === "") return undefined;
  // A dot at its end would be the root's, and there is none here: it parts an empty label.
  const labels = labelsOf(`${name}.`);
  const bytes = labels.reduce((sum, label) => sum + 1 + label.length, 1);
  if (bytes > mostBytesOfName) return `write a shorter name: ${mostBytesOfName - 2} characters at most`;
  for (const label of labels) {
    if (label.length === 0) return `write a name without an empty label, not ${name}`;
    if (label.length > mostBytesOfLabel)
      return `write a shorter label: ${mostBytesOfLabel} characters at most, not ${labelText(label)}`;
  }
  return undefined;
}

/** Whether a name is below a domain; the root has all others below it. */
export function isBelow(name: string, domain: string): boolean {
  const [labels, above] = [labelsOf(name), labelsOf(domain)];
  return labels.length > above.length && isSameName(nameOf(labels.slice(labels.length - above.length)), nameOf(above));
}

/** Without its first label: `boot.plc.test` → `plc.test`. */
export function parentOf(name: string): string {
  return nameOf(labelsOf(name).slice(1));
}

function bytesOfText(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
