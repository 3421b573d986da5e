/** A fault as a conversation: items in, items out. */
import { stream } from "../random.ts";
import type { TcpFault, TcpItem } from "./contract.ts";

export const data = (due: number, offset: number, text: string): TcpItem => ({
  type: "data",
  due,
  offset,
  bytes: Buffer.from(text),
});

export const open: TcpItem = { type: "open", due: 0 };

export const fin = (due: number): TcpItem => ({ type: "fin", due });

export const rst = (due: number): TcpItem => ({ type: "rst", due });

export const tick = (due: number): TcpItem => ({ type: "tick", due });

/** One live connection under one fault: what it puts out for each item, as words. */
export function conversation(fault: TcpFault, parameters: object, since = 0, others = 0): (item: TcpItem) => string[] {
  const parsed = fault.parameters.parse(parameters);
  const context = { since, others, shared: {}, direction: "downstream", draw: stream(1, [fault.kind]) } as const;
  const state = fault.start(parsed, context);
  return (item) => {
    const out = fault.map(item, state, parsed, context);
    if (out === item) return ["as it is"];
    return ("type" in out ? [out] : out).map((each) =>
      each.type === "data"
        ? `${each.due} ${each.offset} ${Buffer.from(each.bytes).toString()}`
        : `${each.due} ${each.type}${each.type === "open" && each.to !== undefined ? ` ${each.to}` : ""}`,
    );
  };
}
