/**
 * The tls plane: a fault decides one of three things about a connection, each with a moment of its own.
 *
 *     client ──► ClientHello ───────────────────────► server     break: what happens in place of the rest
 *            ◄── ServerHello … certificate … Finished ──         certificate: what the client is shown
 *            ◄── application data ──────────────────────         ending: FIN without close_notify
 *
 * It is pure: no I/O, no sleep, no clock, no keys. The proxy (`proxies/tls/`) owns sockets and certificates. A handshake that is over can't be undone:
 * what concerns it meets new connections, and existing ones that have not come that far.
 */
import type { z } from "zod";
import type { Declaration } from "../fault.ts";

/** What the client is shown. */
export interface Certificate {
  /** Hosts and addresses. */
  readonly names: readonly string[];
  /** From when and until when it is valid, in milliseconds since the Unix epoch; it has whole seconds. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** The authority that the client trusts, one that nobody knows, or the certificate itself. */
  readonly issuer: "trusted" | "unknown" | "itself";
}

/** How far a handshake has come: the server has the ClientHello; the client has the ServerHello, and not the rest; it has all that the server says first. */
export const moments = ["client-hello", "server-hello", "server-flight"] as const;
export type Moment = (typeof moments)[number];

export interface Break {
  readonly behind: Moment;
  /** Nothing more passes until the fault is lifted, or the connection ends, both sides, by FIN or RST. */
  readonly by: "hold" | "fin" | "rst";
}

/** When the proxy ends the connection by itself, counted from where the fault met it; with both, whichever comes first, with neither never. */
export interface Ending {
  readonly after: number | undefined;
  /** Of what the server says within TLS. */
  readonly afterBytes: number | undefined;
}

export interface TlsFault<Parameters extends z.ZodObject = z.ZodObject> extends Declaration<Parameters> {
  readonly plane: "tls";
  /** Another certificate instead of this one, as it would be shown otherwise. Later faults change what earlier ones have made. `now`: when the fault was injected. */
  certificate?(certificate: Certificate, parameters: z.output<Parameters>, now: number): Certificate;
  break?(parameters: z.output<Parameters>): Break;
  /** Whoever ends the connection meanwhile, the client gets no close_notify. */
  ending?(parameters: z.output<Parameters>): Ending;
}

/** Checks one fault's file against the contract, its parameters' types included. */
export function tlsFault<Parameters extends z.ZodObject>(fault: TlsFault<Parameters>): TlsFault<Parameters> {
  return fault;
}

const dayMs = 24 * 60 * 60 * 1000;
/** How long a certificate is good for; Let's Encrypt's are. */
export const lifetimeMs = 90 * dayMs;
