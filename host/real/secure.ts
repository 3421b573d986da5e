/** TLS over a TCP socket, with the same manners: half-open, and RST when asked for. */
import type { Socket as TcpSocket } from "node:net";
import { TLSSocket, connect, createSecureContext } from "node:tls";
import type { SecureContext, SecureContextOptions } from "node:tls";
import { ArgumentError } from "../arguments.ts";
import type { Certificate, SecureSocket, Socket, TlsVersion } from "../host.ts";
import type { Authority } from "./certificates.ts";

/** PEM texts, given by the world. */
export interface Identity {
  /** The only authority that is trusted; without it, those that Node knows. */
  readonly authority?: string;
  readonly certificate?: string;
  readonly key?: string;
  /** Lent by the world: makes the certificates of `Network.secure`. */
  readonly issuer?: Pick<Authority, "make">;
}

/** OpenSSL's level 0 has MD5 and SHA-1 in the handshake, without which TLS before 1.2 can't be (ssl.h, SSL_CTX_set_security_level). */
const ofOldClients = { minVersion: "TLSv1", ciphers: "DEFAULT@SECLEVEL=0" } as const;
const oldest = {
  "1.0": ofOldClients,
  "1.1": { ...ofOldClients, minVersion: "TLSv1.1" },
  "1.2": {},
  "1.3": { minVersion: "TLSv1.3" },
} as const satisfies Record<TlsVersion, SecureContextOptions>;

export function serverContext({ certificate, key }: Identity, oldestTls: TlsVersion = "1.2"): SecureContext {
  if (certificate === undefined || key === undefined) {
    throw new ArgumentError(
      "this service has no certificate to serve TLS with: the world gives one to the server of a link, and by hand SINBIN_CERT and SINBIN_KEY say where they are",
    );
  }
  return createSecureContext({ cert: certificate, key, ...oldest[oldestTls] });
}

/** Certificates that nobody has asked for in a while are made anew. */
const mostContexts = 1000;

/** Whom clients trust: undefined for those that Node knows. Read once, since that takes longer than a handshake. */
export function createTrust(identity: Identity): () => SecureContext | undefined {
  let read: { readonly authority: string; readonly context: SecureContext } | undefined;
  return () => {
    const { authority } = identity;
    if (authority === undefined) return undefined;
    if (read?.authority !== authority) read = { authority, context: createSecureContext({ ca: authority }) };
    return read.context;
  };
}

/** Makes a certificate when it is first asked for. */
export function createContexts({ issuer }: Identity): (certificate: Certificate) => Promise<SecureContext> {
  const contexts = new Map<string, Promise<SecureContext>>();
  return (certificate) => {
    if (issuer === undefined) {
      throw new Error("this host can't make certificates: the world lends its authority to the host of its proxies");
    }
    const key = JSON.stringify(certificate);
    const context =
      contexts.get(key) ??
      issuer.make(certificate).then((made) => createSecureContext({ cert: made.certificate, key: made.key }));
    contexts.delete(key);
    contexts.set(key, context);
    for (const oldest of [...contexts.keys()].slice(0, -mostContexts)) contexts.delete(oldest);
    return context;
  };
}

/** A client that fails the handshake is gone without a word, as behind any server. */
export function acceptSecure(
  tcp: TcpSocket,
  secureContext: SecureContext,
  onConnection: (socket: Socket) => void,
): void {
  shakeHands(tcp, { secureContext }, onConnection, () => {});
}

export interface ServeOptions {
  readonly secureContext: SecureContext;
  readonly alpn?: readonly string[];
}

export function serveSecure(tcp: TcpSocket, options: ServeOptions): Promise<SecureSocket> {
  return new Promise((resolve, reject) => {
    shakeHands(tcp, options, resolve, reject);
  });
}

function shakeHands(
  tcp: TcpSocket,
  { secureContext, alpn }: ServeOptions,
  onDone: (secure: SecureSocket) => void,
  onFailure: (error: Error) => void,
): void {
  const secure = new TLSSocket(tcp, {
    isServer: true,
    secureContext,
    ...(alpn !== undefined && { ALPNProtocols: [...alpn] }),
  });
  const fail = (error: Error): void => {
    tcp.destroy();
    onFailure(error);
  };
  const closedEarly = (): void => fail(endedEarly("client"));
  // The end of a connection that may be half open is not the close of it.
  secure.once("error", fail).once("end", closedEarly).once("close", closedEarly);
  tcp.once("error", fail);
  secure.once("secure", () => {
    secure.off("error", fail).off("end", closedEarly).off("close", closedEarly);
    tcp.off("error", fail);
    onDone(withoutNotify(withReset(secure, tcp), tcp));
  });
}

function endedEarly(who: string): Error {
  return Object.assign(new Error(`the connection to the ${who} ended in the TLS handshake`), { code: "ECONNRESET" });
}

/** The FIN is TCP's own, once the kernel has all that TLS has made of what was written. */
function withoutNotify(secure: TLSSocket, tcp: TcpSocket): SecureSocket {
  return Object.assign(secure, {
    endWithoutNotify() {
      secure.write("", () => tcp.end());
      return secure;
    },
  }) as TLSSocket & SecureSocket;
}

export interface SecureConnectOptions {
  readonly servername: string;
  readonly alpn: readonly string[] | undefined;
}

export async function connectSecure(
  tcp: TcpSocket,
  { servername, alpn }: SecureConnectOptions,
  secureContext: SecureContext | undefined,
): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const secure = connect({
    socket: tcp,
    // A name for the extension, an address only to be checked (RFC 6066, section 3, forbids literal addresses).
    ...(isLiteral(servername) ? { host: servername } : { servername }),
    ...(secureContext !== undefined && { secureContext }),
    ...(alpn !== undefined && alpn.length > 0 && { ALPNProtocols: [...alpn] }),
  });
  secure.once("error", reject).once("secureConnect", resolve).once("close", closedEarly);
  function closedEarly(): void {
    reject(endedEarly(`server ${servername}`));
  }
  await promise;
  secure.off("error", reject).off("close", closedEarly);
  return withReset(secure, tcp);
}

function isLiteral(host: string): boolean {
  return /^[\d.]+$|:/.test(host);
}

/**
 * Node's own refuses: it knows only sockets whose handle is TCP's. Resetting the TCP socket under a living TLS one crashes Node (24.21) if a write is
 * on its way; so TLS is destroyed, which destroys what it stands on, and that is a reset this time.
 */
function withReset(secure: TLSSocket, tcp: TcpSocket): TLSSocket {
  const destroy = tcp.destroy.bind(tcp);
  secure.resetAndDestroy = () => {
    tcp.destroy = () => {
      tcp.destroy = destroy;
      return tcp.resetAndDestroy();
    };
    return secure.destroy();
  };
  return secure;
}
