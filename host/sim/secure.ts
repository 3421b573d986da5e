/**
 * A model of the TLS handshake: its outcome, not its bytes. What follows it passes as it is.
 *
 *     client ── hello: the name it wants, protocols ───────────► server
 *            ◄── hello: the protocol; certificate, or an alert ──
 *            ── finished, unless it does not like them ─────────►
 *
 * It goes over the connection itself, in records whose lengths depend on nothing, so that whatever befalls a connection befalls its handshake. The
 * client's hello is a real one, and all records are framed as real ones, for whoever looks at what passes.
 */
import { isIP } from "node:net";
import { readClientHello, writeClientHello, type ClientHello } from "../client-hello.ts";
import { mostAtOnce, type TcpEnd } from "./tcp.ts";

/** Authorities are names that the world gives. */
export interface SimulatedIdentity {
  /** The only authority that is trusted. */
  readonly authority?: string;
  readonly certificate?: SimulatedCertificate;
  /** The authority that `Network.secure` makes certificates of, lent by the world. */
  readonly issuer?: string;
}

export interface SimulatedCertificate {
  /** None: it is signed by itself. */
  readonly authority?: string;
  /** Hosts and addresses, exactly. */
  readonly names: readonly string[];
  /** By default, no clock is so wrong that it would not be valid. */
  readonly notBefore?: number;
  readonly notAfter?: number;
}

/** Bytes of each record, about those of a small certificate. */
const lengths = { hello: 512, answer: 128, certificate: 1920, finished: 64 } as const;
type Answer = Exclude<keyof typeof lengths, "hello">;

/** As a real one begins: a handshake record of TLS 1.x; its length follows. */
const header = Buffer.from([0x16, 0x03, 0x01]);
const headerLength = 5;

export function certificateOf({ certificate }: SimulatedIdentity): SimulatedCertificate {
  if (certificate === undefined) {
    throw new Error("this service has no certificate to serve TLS with: the world gives one to the server of a link");
  }
  return checked(certificate);
}

/** One that is too large for its record is an error now, not in each handshake. */
export function checked(certificate: SimulatedCertificate): SimulatedCertificate {
  encode("certificate", certificate);
  return certificate;
}

/** Resolves with the protocol that was agreed on, or false. @throws {Error} with the `code` that OpenSSL has for it; the connection is gone then. */
export async function acceptSecure(
  end: TcpEnd,
  certificate: SimulatedCertificate,
  alpn?: readonly string[],
): Promise<string | false> {
  try {
    const offered = readClientHello(await receive(end, "hello", "client"))?.alpn;
    if (offered === undefined) throw notTls();
    const protocol = alpn === undefined || offered.length === 0 ? false : alpn.find((each) => offered.includes(each));
    end.write(encode("answer", protocol === undefined ? { alert: "no_application_protocol" } : { protocol }), ignore);
    if (protocol === undefined) {
      throw coded("ERR_SSL_NO_APPLICATION_PROTOCOL", "no application protocol");
    }
    end.write(encode("certificate", certificate), ignore);
    await receive(end, "finished", "client");
    return protocol;
  } catch (error) {
    while (end.read(mostAtOnce) instanceof Buffer);
    end.close();
    throw error;
  }
}

export interface Wanted {
  readonly servername: string;
  readonly alpn: readonly string[];
  /** What the client's own clock shows. */
  readonly wall: () => number;
}

/** Resolves with the protocol that was agreed on, or false. @throws {Error} with `code` as TLS has it. */
export async function connectSecure(
  end: TcpEnd,
  { servername, alpn, wall }: Wanted,
  { authority }: SimulatedIdentity,
): Promise<string | false> {
  const hello: Omit<ClientHello, "length"> = { servername: isIP(servername) === 0 ? servername : undefined, alpn };
  end.write(writeClientHello(hello, lengths.hello), ignore);
  const { alert, protocol } = decode("answer", await receive(end, "answer", "server"));
  if (alert !== undefined) {
    throw coded("ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL", "tlsv1 alert no application protocol");
  }
  const certificate = decode("certificate", await receive(end, "certificate", "server"));
  check(certificate as unknown as SimulatedCertificate, { servername, authority, now: wall() });
  end.write(encode("finished", {}), ignore);
  return typeof protocol === "string" && protocol;
}

interface Expected {
  readonly servername: string;
  readonly authority: string | undefined;
  readonly now: number;
}

/** In OpenSSL's order, of whose complaints the last one counts; the name is looked at only if there is none. @throws {Error} with its `code`. */
function check(certificate: SimulatedCertificate, { servername, authority, now }: Expected): void {
  const { notBefore = -Infinity, notAfter = Infinity } = certificate;
  if (seconds(notAfter) <= seconds(now)) throw coded("CERT_HAS_EXPIRED", "certificate has expired");
  if (seconds(notBefore) > seconds(now)) throw coded("CERT_NOT_YET_VALID", "certificate is not yet valid");
  if (certificate.authority === undefined) throw coded("DEPTH_ZERO_SELF_SIGNED_CERT", "self-signed certificate");
  if (authority === undefined || certificate.authority !== authority) {
    throw coded("UNABLE_TO_VERIFY_LEAF_SIGNATURE", "unable to verify the first certificate");
  }
  if (!certificate.names.includes(servername)) {
    throw coded(
      "ERR_TLS_CERT_ALTNAME_INVALID",
      `Hostname/IP does not match certificate's altnames: ${mismatch(servername, certificate)}`,
    );
  }
}

/** X.509's times have no more. */
function seconds(time: number): number {
  return Math.floor(time / 1000);
}

function mismatch(servername: string, { names }: SimulatedCertificate): string {
  if (isIP(servername) !== 0) {
    const addresses = names.filter((name) => isIP(name) !== 0);
    return `IP: ${servername} is not in the cert's list: ${addresses.join(", ")}`;
  }
  const listed = names.map((name) => (isIP(name) === 0 ? `DNS:${name}` : `IP Address:${name}`)).join(", ");
  return `Host: ${servername}. is not in the cert's altnames: ${listed}`;
}

function encode(type: Answer, content: object): Buffer {
  const text = Buffer.from(JSON.stringify({ [type]: content }));
  const record = Buffer.alloc(lengths[type], " ");
  if (headerLength + text.length > record.length) {
    throw new RangeError(
      `a certificate has room for about 1900 characters of names: leave some out of ${text.toString()}`,
    );
  }
  header.copy(record);
  record.writeUInt16BE(record.length - headerLength, header.length);
  text.copy(record, headerLength);
  return record;
}

/** @throws {Error} with a `code` for what is no such record. */
function decode(type: Answer, record: Buffer): Readonly<Record<string, unknown>> {
  try {
    const parsed = JSON.parse(record.toString("utf8", headerLength)) as Readonly<Record<string, unknown>>;
    const content = parsed[type];
    if (typeof content === "object" && content !== null) return content as Readonly<Record<string, unknown>>;
  } catch {
    // Said below.
  }
  throw notTls();
}

/** @throws {Error} with `code` ECONNRESET for an end, and one for what is no record. */
async function receive(end: TcpEnd, type: keyof typeof lengths, who: "client" | "server"): Promise<Buffer> {
  const length = lengths[type];
  let record = Buffer.alloc(0);
  while (record.length < length) {
    const bytes = await next(end, length - record.length, who);
    record = Buffer.concat([record, bytes]);
    if (!record.subarray(0, header.length).equals(header.subarray(0, record.length))) throw notTls();
  }
  return record;
}

function next(end: TcpEnd, most: number, who: "client" | "server"): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      const result = end.read(most);
      if (result instanceof Buffer) resolve(result);
      else if (result === undefined) end.wait(look);
      else reject(result ?? endedEarly(who));
    };
    end.wait(look);
  });
}

function notTls(): Error {
  return coded("ERR_SSL_WRONG_VERSION_NUMBER", "wrong version number");
}

/** As Node words it for a client. */
function endedEarly(who: "client" | "server"): Error {
  const message = {
    client: "the connection to the client ended in the TLS handshake",
    server: "Client network socket disconnected before secure TLS connection was established",
  };
  return coded("ECONNRESET", message[who]);
}

function coded(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}

/** Whether it was taken shows in what is read next. */
function ignore(): void {}
