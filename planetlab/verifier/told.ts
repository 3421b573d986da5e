/** What somebody has answered, or in one line why that is of no use: who says no, and in which words. */
import { z } from "zod";
import type { Reply, XmlRpcValue } from "../xml-rpc.ts";

/** @throws {Error} if it is a fault, or not what was asked for. */
export function toldBy<Schema extends z.ZodType>(who: string, reply: Reply, schema: Schema): z.output<Schema> {
  if ("fault" in reply) throw new Error(saysNo(who, reply.fault.code, reply.fault.message));
  const { data, error } = schema.safeParse(reply.value);
  if (error === undefined) return data;
  const [first] = error.issues;
  throw new Error(
    `${who} answers what was not asked for: ${["reply", ...(first?.path ?? [])].join(".")}: ${first?.message}`,
  );
}

const answerSchema = z.tuple([z.number(), z.custom<XmlRpcValue>(() => true)]);

/** A Node Manager's answer is `[code, value]`: 0 is yes. @throws as `toldBy` */
export function toldByNode<Schema extends z.ZodType>(reply: Reply, schema: Schema): z.output<Schema> {
  const [code, value] = toldBy("the node", reply, answerSchema);
  if (code !== 0) throw new Error(saysNo("the node", code, value));
  return toldBy("the node", { value }, schema);
}

function saysNo(who: string, code: number, why: XmlRpcValue): string {
  return `${who} says no: ${code} ${typeof why === "string" ? why : JSON.stringify(why)}`;
}
