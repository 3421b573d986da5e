/** A certificate authority for one run, which nobody outside it trusts. The one file that imports @peculiar/x509. */
import type { webcrypto } from "node:crypto";
import { isIP } from "node:net";
import type * as X509 from "@peculiar/x509";

export interface Authority {
  /** PEM, as all texts here. */
  readonly certificate: string;
  /** A certificate for a server that is known by these names and addresses. */
  issue(names: readonly string[]): Promise<Issued>;
}

export interface Issued {
  readonly certificate: string;
  readonly key: string;
}

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const dayMs = 24 * 60 * 60 * 1000;

export async function createAuthority(): Promise<Authority> {
  const x509 = await loadX509();
  const validity = { notBefore: new Date(Date.now() - dayMs), notAfter: new Date(Date.now() + 365 * dayMs) };
  const authorityKeys = await createKeys();
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    name: "CN=the authority of one run of sinbin",
    keys: authorityKeys,
    signingAlgorithm: algorithm,
    ...validity,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(authorityKeys.publicKey),
    ],
  });

  return {
    certificate: authority.toString("pem"),
    async issue(names) {
      const keys = await createKeys();
      const certificate = await x509.X509CertificateGenerator.create({
        subject: [{ CN: [names[0] ?? "nobody"] }],
        issuer: authority.subjectName,
        publicKey: keys.publicKey,
        signingKey: authorityKeys.privateKey,
        signingAlgorithm: algorithm,
        ...validity,
        extensions: [
          new x509.BasicConstraintsExtension(false, undefined, true),
          new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
          new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
          new x509.SubjectAlternativeNameExtension(
            names.map((name) => ({ type: isIP(name) === 0 ? "dns" : "ip", value: name })),
          ),
          // Python's strict mode wants it.
          await x509.AuthorityKeyIdentifierExtension.create(authority),
        ],
      });
      const key = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
      return { certificate: certificate.toString("pem"), key: x509.PemConverter.encode(key, "PRIVATE KEY") };
    },
  };
}

function createKeys(): Promise<webcrypto.CryptoKeyPair> {
  return crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
}

const nothing = (): undefined => undefined;

/**
 * The library comes with a container for dependency injection that insists on a metadata API of `Reflect`, and asks it for nothing that matters
 * here: nothing answers.
 */
async function loadX509(): Promise<typeof X509> {
  if (!("getMetadata" in Reflect)) {
    Object.assign(Reflect, { getMetadata: nothing, getOwnMetadata: nothing, defineMetadata: nothing });
  }
  return import("@peculiar/x509");
}
