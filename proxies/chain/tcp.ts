import { startTcpProxy } from "../tcp/proxy.ts";
import { faultOf, told, type Outermost, type PartOptions } from "./part.ts";

export async function startTcpPart(options: PartOptions): Promise<Outermost> {
  const proxy = await startTcpProxy({ ...options, onEvent: told("connection", options.onEvent) });
  return { ...proxy, inject: (injection) => proxy.inject({ ...injection, fault: faultOf(injection, "tcp") }) };
}
