/** Values and times as a reader wants them: rounded, with units. */
import { formatSize } from "../../faults/units.ts";
import type { ValueType } from "../expression/expression.ts";

/** `850ms`, `5.2s`, `3m20s`: three figures at most where it is short, whole seconds where it is long. */
export function roundedDuration(milliseconds: number): string {
  if (milliseconds < 0) return `-${roundedDuration(-milliseconds)}`;
  if (milliseconds < 999.5)
    return `${milliseconds < 10 ? Math.round(milliseconds * 10) / 10 : Math.round(milliseconds)}ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 59.95) return `${Math.round(seconds * (seconds < 10 ? 100 : 10)) / (seconds < 10 ? 100 : 10)}s`;
  const whole = Math.round(seconds);
  const parts = [
    [Math.floor(whole / 3600), "h"],
    [Math.floor(whole / 60) % 60, "m"],
    [whole % 60, "s"],
  ] as const;
  return parts.flatMap(([figure, unit]) => (figure > 0 ? [`${figure}${unit}`] : [])).join("");
}

const maximumText = 200;

export function wordValue(value: unknown, type: ValueType): string {
  if (value === undefined) return "not known";
  if (type === "duration" && typeof value === "number") return roundedDuration(value);
  if (type === "size" && typeof value === "number") return formatSize(Math.round(value));
  if (type === "event" && typeof value === "object" && value !== null) {
    const { count, age, last } = value as { readonly count?: number; readonly age?: number; readonly last?: unknown };
    if (count === 0) return "has not happened";
    const what = last === undefined || JSON.stringify(last) === "{}" ? "" : `, last ${shorten(JSON.stringify(last))}`;
    return `${count === 1 ? "once" : `${count} times`}, ${roundedDuration(age ?? 0)} ago${what}`;
  }
  return shorten(JSON.stringify(value));
}

export function shorten(text: string, maximum: number = maximumText): string {
  return text.length <= maximum ? text : `${text.slice(0, maximum - 1)}…`;
}
