/** Certificates of a run: what they say, and for real TLS an authority that is made for it, and one certificate a service. */
import { createAuthority } from "../../host/real/certificates.ts";
import type { Authority } from "../../host/real/certificates.ts";
import type { Link, Service } from "../plan/schema.ts";
import { hostName } from "./links.ts";

export interface Identities {
  readonly authority: Authority;
  /** PEM, by service. */
  readonly issued: ReadonlyMap<string, { readonly certificate: string; readonly key: string }>;
}

export interface IdentitiesOptions {
  readonly services: ReadonlyMap<string, Service>;
  readonly links: ReadonlyMap<string, Link>;
  /** Other names and addresses by which a service may be reached. */
  readonly aliasesOf: (service: string) => readonly string[];
}

export async function createIdentities({ services, links, aliasesOf }: IdentitiesOptions): Promise<Identities> {
  const authority = await createAuthority();
  const issued = [...services.keys()].map(
    async (service) => [service, await authority.issue(namesOf(service, links, aliasesOf(service)))] as const,
  );
  return { authority, issued: new Map(await Promise.all(issued)) };
}

/** What the certificate of a service is for; what it is called where it is a server comes first. */
export function namesOf(
  service: string,
  links: ReadonlyMap<string, Link>,
  aliases: readonly string[],
): readonly string[] {
  const own = [...links.values()].filter(({ to }) => to === service);
  const hosts = [...own.map(hostName), ...own.flatMap(({ aliases: others = [] }) => others)];
  return [...new Set([...hosts, service, "localhost", "127.0.0.1", ...aliases])];
}

/** The same of a link's server, by the name that the client of this very link has for it first. */
export function namesOnLink(
  link: Link,
  links: ReadonlyMap<string, Link>,
  aliases: readonly string[],
): readonly string[] {
  return [...new Set([hostName(link), ...namesOf(link.to, links, aliases)])];
}
