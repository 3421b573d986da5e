/** A certificate authority for one run, which nobody outside it trusts. The one file that imports @peculiar/x509. */
import type { webcrypto } from "node:crypto";
import { isIP } from "node:net";
import type * as X509 from "@peculiar/x509";
import type { Certificate } from "../host.ts";

export interface Authority extends Issued {
  /** A certificate for a server that is known by these names and addresses. */
  issue(names: readonly string[]): Promise<Issued>;
  /** One that says just this, true or not. */
  make(certificate: Certificate): Promise<Issued>;
}

/** PEM texts. */
export interface Issued {
  readonly certificate: string;
  readonly key: string;
}

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const dayMs = 24 * 60 * 60 * 1000;

/** How long before its making a certificate is valid already, and how long afterwards: no clock of a run is wrong by more, unless a plan wants that. */
const validBeforeMs = dayMs;
const validAfterMs = 365 * dayMs;

export async function createAuthority(name = "the authority of one run of sinbin"): Promise<Authority> {
  const x509 = await loadX509();
  const keys = await createKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    signingAlgorithm: algorithm,
    notBefore: new Date(validNow().notBefore),
    notAfter: new Date(validNow().notAfter),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return authorityOf(x509, { certificate, signingKey: keys.privateKey, key: await exported(x509, keys.privateKey) });
}

/** Made when somebody first needs it: most that can make certificates never do. */
export interface LaterAuthority extends Pick<Authority, "make"> {
  /** PEM. */
  certificate(): Promise<string>;
}

export function createAuthorityLater(name: string): LaterAuthority {
  let made: Promise<Authority> | undefined;
  const authority = (): Promise<Authority> => (made ??= createAuthority(name));
  return {
    certificate: async () => (await authority()).certificate,
    make: async (certificate) => (await authority()).make(certificate),
  };
}

/** The same authority in another process, which it was handed to. */
export async function restoreAuthority({ certificate, key }: Issued): Promise<Authority> {
  const x509 = await loadX509();
  const signingKey = await crypto.subtle.importKey("pkcs8", x509.PemConverter.decodeFirst(key), algorithm, true, [
    "sign",
  ]);
  return authorityOf(x509, { certificate: new x509.X509Certificate(certificate), signingKey, key });
}

interface Parts {
  readonly certificate: X509.X509Certificate;
  readonly signingKey: webcrypto.CryptoKey;
  readonly key: string;
}

function authorityOf(x509: typeof X509, { certificate: own, signingKey, key }: Parts): Authority {
  let stranger: Promise<Authority> | undefined;
  const authority: Authority = {
    certificate: own.toString("pem"),
    key,
    issue: (names) => authority.make({ names, ...validNow(), issuer: "trusted" }),
    async make(certificate) {
      if (certificate.issuer === "unknown") {
        stranger ??= createAuthority("an authority that nobody knows");
        return (await stranger).make({ ...certificate, issuer: "trusted" });
      }
      const { names } = certificate;
      const keys = await createKeys();
      const subject = [{ CN: [names[0] ?? "nobody"] }];
      const made = await x509.X509CertificateGenerator.create({
        subject,
        issuer: certificate.issuer === "itself" ? subject : own.subjectName,
        publicKey: keys.publicKey,
        signingKey: certificate.issuer === "itself" ? keys.privateKey : signingKey,
        signingAlgorithm: algorithm,
        notBefore: new Date(certificate.notBefore),
        notAfter: new Date(certificate.notAfter),
        extensions: [
          new x509.BasicConstraintsExtension(false, undefined, true),
          new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
          new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
          new x509.SubjectAlternativeNameExtension(
            names.map((name) => ({ type: isIP(name) === 0 ? "dns" : "ip", value: name })),
          ),
          // Python's strict mode wants it.
          ...(certificate.issuer === "itself" ? [] : [await x509.AuthorityKeyIdentifierExtension.create(own)]),
        ],
      });
      return { certificate: made.toString("pem"), key: await exported(x509, keys.privateKey) };
    },
  };
  return authority;
}

function validNow(): Pick<Certificate, "notBefore" | "notAfter"> {
  const now = Date.now();
  return { notBefore: now - validBeforeMs, notAfter: now + validAfterMs };
}

async function exported(x509: typeof X509, key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await crypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY");
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
