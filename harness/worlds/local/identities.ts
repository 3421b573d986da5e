/** The run's certificates, as files in the world's scratch directory: services are told of them by variables. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createAuthority } from "../../../host/real/certificates.ts";
import type { Link, Service } from "../../plan/schema.ts";
import { hostName } from "../links.ts";

export interface Identities {
  /** PEM. */
  readonly authority: string;
  readonly environmentOf: (service: string) => Readonly<Record<string, string>>;
}

export interface IdentitiesOptions {
  readonly services: ReadonlyMap<string, Service>;
  readonly links: ReadonlyMap<string, Link>;
  readonly aliasesOf: (service: string) => readonly string[];
  readonly scratch: string;
}

export async function createIdentities({
  services,
  links,
  aliasesOf,
  scratch,
}: IdentitiesOptions): Promise<Identities> {
  const directory = join(scratch, "certificates");
  await mkdir(directory);
  const at = (name: string): string => join(directory, `${name}.pem`);
  const authority = await createAuthority();
  // No service may be called so, since names of services have no dots.
  await writeFile(at("authority."), authority.certificate);
  await Promise.all(
    [...services.keys()].map(async (service) => {
      const hosts = [...links.values()].filter(({ to }) => to === service).map(hostName);
      const { certificate, key } = await authority.issue([
        ...new Set([...hosts, service, "localhost", "127.0.0.1", ...aliasesOf(service)]),
      ]);
      await writeFile(at(service), certificate);
      await writeFile(at(`${service}.key`), key, { mode: 0o600 });
    }),
  );
  return {
    authority: authority.certificate,
    environmentOf: (service) => ({
      SINBIN_CA: at("authority."),
      SINBIN_CERT: at(service),
      SINBIN_KEY: at(`${service}.key`),
    }),
  };
}
