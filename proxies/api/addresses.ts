/** Addresses to listen on as Go reads them, and what it says when they can't be had. */
import type { Address, Host } from "../../host/host.ts";
import { createDeadline, DeadlineError } from "../../host/deadline.ts";
import { formatAddress } from "../../host/address.ts";
import { ApiError } from "./errors.ts";

/** Every address of the machine, in both families. */
export const everywhere = "::";
/** A call is answered within a second, whoever does not answer us. */
const longestLookupMs = 800;
const wildcards = new Set(["", "0.0.0.0", "::"]);

/** Without names: what can be compared with what is bound. @throws {ApiError} 500, in Go's words, without `listen tcp: `. */
export async function resolveListen(host: Host, text: string): Promise<Address> {
  // Go listens on any port if there is nothing at all.
  const { name, port } = text === "" ? { name: "", port: 0 } : split(text);
  if (wildcards.has(name)) return { host: everywhere, port };
  using deadline = createDeadline(host.clock, longestLookupMs);
  try {
    const found = await host.network.resolve({ host: name, port }, deadline);
    const [first] = found.toSorted((a, b) => Number(a.host.includes(":")) - Number(b.host.includes(":")));
    if (first !== undefined) return first;
  } catch (cause) {
    throw new ApiError(500, `lookup ${name}: ${cause instanceof DeadlineError ? "i/o timeout" : "no such host"}`, {
      cause,
    });
  }
  throw new ApiError(500, `lookup ${name}: no such host`);
}

/** The name servers did not answer in time. */
export function isLate(error: unknown): boolean {
  return error instanceof ApiError && error.cause instanceof DeadlineError;
}

function wrong(address: string, why: string): Error {
  return new ApiError(500, `address ${address}: ${why}`);
}

function split(text: string): { readonly name: string; readonly port: number } {
  const colon = text.lastIndexOf(":");
  if (colon < 0) throw wrong(text, "missing port in address");
  const written = text.slice(0, colon);
  const bracketed = /^\[([^[\]]*)\]$/.exec(written)?.[1];
  if (bracketed === undefined && written.startsWith("[")) throw wrong(text, "missing port in address");
  if (bracketed === undefined && written.includes(":")) throw wrong(text, "too many colons in address");
  const digits = text.slice(colon + 1);
  if (digits !== "" && !/^[+-]?\d+$/.test(digits)) throw new ApiError(500, `lookup tcp/${digits}: unknown port`);
  const port = Number(digits);
  if (port < 0 || port > 65_535) throw wrong(digits, "invalid port");
  return { name: bracketed ?? written, port };
}

/** Whether a server can be there: Toxiproxy takes others as well. */
export function canBeDialled(upstream: string): boolean {
  try {
    return upstreamAddress(upstream).port > 0;
  } catch {
    return false;
  }
}

/** Where the server of a proxy is; what is no address fails when it is dialled, as with Toxiproxy. */
export function upstreamAddress(text: string): Address {
  const { name, port } = split(text);
  return { host: wildcards.has(name) ? "localhost" : name, port };
}

/** What the server of a proxy is called; empty if that is no address. */
export function hostOf(upstream: string): string {
  try {
    return upstreamAddress(upstream).host;
  } catch {
    return "";
  }
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: "address already in use",
  EADDRNOTAVAIL: "cannot assign requested address",
  EACCES: "permission denied",
};

/** What Go's `net.Listen` says when `address` can't be bound. */
export function listenError(network: "tcp" | "udp", address: Address, cause: unknown): ApiError {
  const code = codeOf(cause);
  const reason = reasons[code] ?? (cause instanceof Error ? cause.message : String(cause));
  const at = address.host === everywhere ? `:${address.port}` : formatAddress(address);
  return new ApiError(500, `listen ${network} ${at}: bind: ${reason}`, { cause });
}

export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
