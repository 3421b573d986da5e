/** What servers that are built in have in common: the ports that links lead to, and another server that they ask over a link. */
import { z } from "zod";
import { textAt } from "../raw.ts";
import type { Written } from "../schema.ts";
import type { Path } from "../tree.ts";
import type { KindChecking, KindContext, KindLink } from "./kind.ts";

/** A service, or `HOST:PORT` of somebody beyond the plan. */
export function upstreamName(usual: number): z.ZodType<string, string> {
  return z
    .string()
    .regex(
      /^(?:[a-z][a-z0-9_]*|[a-z0-9][a-z0-9.-]*:\d{1,5})$/,
      `write a service, or an address beyond the plan, such as 192.0.2.1:${usual}, which needs --no-isolation`,
    );
}

/** No name of a service has a colon. */
export function isBeyond(upstream: string): boolean {
  return upstream.includes(":");
}

/** What a program says of an upstream that is beyond the plan. */
export function beyondOf(upstream: string | undefined): { readonly beyond?: string } {
  return upstream !== undefined && isBeyond(upstream) ? { beyond: upstream } : {};
}

/** All that links lead to; else the usual one. */
export function portsOf({ name, links }: KindContext, usual: number): readonly number[] {
  const ports = Object.values(links).flatMap(({ to, port }) => (to === name ? [port] : []));
  return ports.length === 0 ? [usual] : [...new Set(ports)];
}

/** By which name and port it finds another one. */
export function doorTo(server: string, proto: string, usual: number, { name: own, links }: KindContext): string {
  if (isBeyond(server)) return server;
  const found = Object.values(links).find((each) => each.from === own && each.to === server && each.proto === proto);
  const { name: called = server, port = usual }: Partial<KindLink> = found ?? {};
  return `${called}:${port}`;
}

const highestPort = 65_535;

export function checkServer(
  server: string,
  proto: string,
  at: Path,
  { name: own, services, links, known, complain }: KindChecking,
): void {
  if (isBeyond(server)) {
    const port = Number(server.slice(server.indexOf(":") + 1));
    if (port < 1 || port > highestPort)
      complain(at, `write a port from 1 to ${highestPort} behind the host, not ${port}`);
    return;
  }
  // Its shape is wrong, which is said already.
  if (server.includes(".")) return;
  known(at, "service", server, Object.keys(services));
  if (!(server in services)) return;
  if (server === own) {
    complain(at, `write another service: ${own} can't ask itself`);
    return;
  }
  const leads = (each: Written): boolean =>
    textAt(each, "from") === own && textAt(each, "to") === server && textAt(each, "proto") === proto;
  if (!Object.values(links).some(leads))
    complain(
      at,
      `write a link on which ${own} asks ${server}, such as transfer: { from: ${own}, to: ${server}, proto: ${proto} }`,
    );
}
