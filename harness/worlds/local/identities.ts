/** The run's certificates as files in the world's scratch directory: services are told of them by variables. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Identities } from "../identities.ts";

/** Resolves with the variables of each service. */
export async function keepIdentities(
  { authority, issued }: Identities,
  scratch: string,
): Promise<(service: string) => Readonly<Record<string, string>>> {
  const directory = join(scratch, "certificates");
  await mkdir(directory);
  const at = (name: string): string => join(directory, `${name}.pem`);
  // No service may be called so, since names of services have no dots.
  await writeFile(at("authority."), authority.certificate);
  for (const [service, { certificate, key }] of issued) {
    await writeFile(at(service), certificate);
    await writeFile(at(`${service}.key`), key, { mode: 0o600 });
  }
  return (service) => ({
    SINBIN_CA: at("authority."),
    SINBIN_CERT: at(service),
    SINBIN_KEY: at(`${service}.key`),
  });
}
