/** The certificates of a run with real TLS: an authority that is made for it, and one certificate a service. */
import { createAuthority } from "../../host/real/certificates.ts";
import type { Link, Service } from "../plan/schema.ts";
import { hostName } from "./links.ts";

export interface Identities {
  /** PEM. */
  readonly authority: string;
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
  const issued = [...services.keys()].map(async (service) => {
    const hosts = [...links.values()].filter(({ to }) => to === service).map(hostName);
    const names = new Set([...hosts, service, "localhost", "127.0.0.1", ...aliasesOf(service)]);
    return [service, await authority.issue([...names])] as const;
  });
  return { authority: authority.certificate, issued: new Map(await Promise.all(issued)) };
}
