/** TLS over a TCP socket, with the same manners: half-open, and RST when asked for. */
import type { Socket as TcpSocket } from "node:net";
import { TLSSocket, connect, createSecureContext } from "node:tls";
import type { SecureContext } from "node:tls";
import type { Socket } from "../host.ts";

/** PEM texts, given by the world. */
export interface Identity {
  /** The only authority that is trusted; without it, those that Node knows. */
  readonly authority?: string;
  readonly certificate?: string;
  readonly key?: string;
}

export function serverContext({ certificate, key }: Identity): SecureContext {
  if (certificate === undefined || key === undefined) {
    throw new Error("this service has no certificate to serve TLS with: the world gives one to the server of a link");
  }
  return createSecureContext({ cert: certificate, key });
}

/** A client that fails the handshake is gone without a word, as behind any server. */
export function acceptSecure(
  tcp: TcpSocket,
  secureContext: SecureContext,
  onConnection: (socket: Socket) => void,
): void {
  const secure = new TLSSocket(tcp, { isServer: true, secureContext });
  const fail = (): void => void tcp.destroy();
  secure.once("error", fail);
  tcp.once("error", fail);
  secure.once("secure", () => {
    secure.off("error", fail);
    tcp.off("error", fail);
    onConnection(withReset(secure, tcp));
  });
}

export async function connectSecure(tcp: TcpSocket, servername: string, { authority }: Identity): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const secure = connect({
    socket: tcp,
    // A name for the extension, an address only to be checked (RFC 6066, section 3, forbids literal addresses).
    ...(isLiteral(servername) ? { host: servername } : { servername }),
    ...(authority !== undefined && { ca: authority }),
  });
  secure.once("error", reject).once("secureConnect", resolve).once("close", closedEarly);
  function closedEarly(): void {
    reject(
      Object.assign(new Error(`the connection to ${servername} ended in the TLS handshake`), { code: "ECONNRESET" }),
    );
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
