/** Why the server of a proxy could not be had, and what to do about it if that is for us to say. */

/** OpenSSL's and Node's words for a certificate that leads to nobody who is trusted. */
const untrusted: ReadonlySet<unknown> = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);
const otherName = "ERR_TLS_CERT_ALTNAME_INVALID";

export function failureOf(error: unknown): Readonly<Record<string, unknown>> {
  const reason = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (untrusted.has(code))
    return { code, reason: `${reason}: start sinbin proxy with --upstream-ca FILE, the authority of this server` };
  if (code === otherName) return { code, reason: `${reason} Write the server's own name first in the proxy's names` };
  return { ...(typeof code === "string" && { code }), reason };
}
