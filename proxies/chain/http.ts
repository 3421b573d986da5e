import { startHttpProxy } from "../http/proxy.ts";
import { atOnce, faultOf, told, type Part, type PartOptions } from "./part.ts";

export async function startHttpPart(options: PartOptions): Promise<Part> {
  const proxy = await startHttpProxy({ ...options, onEvent: told("http", options.onEvent) });
  return {
    ...proxy,
    inject: (injection) => atOnce(proxy.inject({ ...injection, fault: faultOf(injection, "http") })),
  };
}
