/** What servers that are built in have in common: the ports that links lead to, and another server that they ask over a link. */
import { textAt } from "../raw.ts";
import type { Written } from "../schema.ts";
import type { Path } from "../tree.ts";
import type { KindChecking, KindContext, KindLink } from "./kind.ts";

/** All that links lead to; else the usual one. */
export function portsOf({ name, links }: KindContext, usual: number): readonly number[] {
  const ports = Object.values(links).flatMap(({ to, port }) => (to === name ? [port] : []));
  return ports.length === 0 ? [usual] : [...new Set(ports)];
}

/** By which name and port it finds another one. */
export function doorTo(server: string, proto: string, usual: number, { name: own, links }: KindContext): string {
  const found = Object.values(links).find((each) => each.from === own && each.to === server && each.proto === proto);
  const { name: called = server, port = usual }: Partial<KindLink> = found ?? {};
  return `${called}:${port}`;
}

export function checkServer(
  server: string,
  proto: string,
  at: Path,
  { name: own, services, links, known, complain }: KindChecking,
): void {
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
