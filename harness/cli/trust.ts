/** Whom proxies trust where they speak TLS to a server, and who makes the certificates that they show. */
import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { getCACertificates } from "node:tls";
import { createAuthorityLater, type LaterAuthority } from "../../host/real/certificates.ts";
import type { Identity } from "../../host/real.ts";
import { messageOf, UsageError } from "../errors.ts";

export interface Trust {
  readonly identity: Identity;
  readonly authority: LaterAuthority;
}

/** `upstreamCa`: a file, or "system"; by default those that Node ships with. @throws {UsageError} */
export async function createTrust(upstreamCa: string | undefined): Promise<Trust> {
  const authority = createAuthorityLater("the authority of one sinbin proxy");
  const trusted = upstreamCa === undefined ? undefined : await trustedBy(upstreamCa);
  return { authority, identity: { issuer: authority, ...(trusted !== undefined && { authority: trusted }) } };
}

const wanted = "write a file of certificates (PEM) of the authorities to trust, or system";

async function trustedBy(upstreamCa: string): Promise<string> {
  if (upstreamCa === "system") {
    const all = getCACertificates("system");
    if (all.length > 0) return all.join("\n");
    throw new UsageError("--upstream-ca system: this system trusts no authority: write a file of certificates (PEM)");
  }
  const text = await readFile(upstreamCa, "utf8").catch((cause: unknown) => {
    throw new UsageError(`--upstream-ca ${upstreamCa}: ${messageOf(cause)}: ${wanted}`, { cause });
  });
  const certificates = text.match(/-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs) ?? [];
  if (certificates.length === 0)
    throw new UsageError(`--upstream-ca ${upstreamCa}: there is no certificate in it: ${wanted}`);
  for (const [index, certificate] of certificates.entries()) {
    try {
      void new X509Certificate(certificate);
    } catch (cause) {
      throw new UsageError(
        `--upstream-ca ${upstreamCa}: certificate ${index + 1} of it can't be read (${messageOf(cause)}): ${wanted}`,
        { cause },
      );
    }
  }
  return certificates.join("\n");
}
