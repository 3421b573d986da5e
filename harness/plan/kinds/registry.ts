/** The services that are built in. To add one: write its file, add its two lines. */
import { isRecord } from "../raw.ts";
import type { Written } from "../schema.ts";
import { dns } from "./dns.ts";
import { ntp } from "./ntp.ts";
import type { Kind } from "./kind.ts";

export const kinds: readonly Kind[] = [dns, ntp];

/** As a service has them. */
export const kindShape = {
  dns: dns.document.optional(),
  ntp: ntp.document.optional(),
};

export const kindKeys: readonly string[] = kinds.map(({ key }) => key);

/** What a service is, if it is built in. */
export function builtIn(service: Written | undefined): Kind | undefined {
  return isRecord(service) ? kinds.find(({ key }) => service[key] !== undefined) : undefined;
}
