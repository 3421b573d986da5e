import type { Headers } from "../../faults/http/message.ts";

/** Node has names and values in turn. */
export function headersOf(raw: readonly string[]): Headers {
  return raw.flatMap((name, index): Headers => (index % 2 === 0 ? [[name, raw[index + 1] ?? ""]] : []));
}
