/**
 * A model of the TLS handshake: its outcome, not its bytes. What follows it passes as it is.
 *
 *     client ── hello: the name it wants ────────────────► server
 *            ◄── reply: the certificate's names, authority ──
 *            ── finished, unless it does not like them ──►
 *
 * It goes over the connection itself, in records whose lengths depend on nothing, so that whatever befalls a connection befalls its handshake.
 */
import { isIP } from "node:net";
import { mostAtOnce, type TcpEnd } from "./tcp.ts";

/** Authorities are names that the world gives. */
export interface SimulatedIdentity {
  /** The only authority that is trusted. */
  readonly authority?: string;
  readonly certificate?: SimulatedCertificate;
}

export interface SimulatedCertificate {
  readonly authority: string;
  /** Hosts and addresses, exactly. */
  readonly names: readonly string[];
}

/** Bytes of each record, about those of a small certificate. */
const lengths = { hello: 512, reply: 2048, finished: 64 } as const;
type RecordType = keyof typeof lengths;

/** As a real one begins: a handshake record of TLS 1.x. */
const header = Buffer.from([0x16, 0x03, 0x01]);

export function certificateOf({ certificate }: SimulatedIdentity): SimulatedCertificate {
  if (certificate === undefined) {
    throw new Error("this service has no certificate to serve TLS with: the world gives one to the server of a link");
  }
  // One that is too large for its record is an error now, not in each handshake.
  encode("reply", certificate);
  return certificate;
}

/** False: a client that fails the handshake is gone without a word, as behind any server. */
export async function acceptSecure(end: TcpEnd, certificate: SimulatedCertificate): Promise<boolean> {
  try {
    await receive(end, "hello");
    end.write(encode("reply", certificate), ignore);
    await receive(end, "finished");
    return true;
  } catch {
    while (end.read(mostAtOnce) instanceof Buffer);
    end.close();
    return false;
  }
}

/** @throws {Error} with `code` as TLS has it. */
export async function connectSecure(end: TcpEnd, servername: string, { authority }: SimulatedIdentity): Promise<void> {
  end.write(encode("hello", { servername }), ignore);
  const certificate = (await receive(end, "reply")) as SimulatedCertificate;
  if (authority === undefined || certificate.authority !== authority) {
    throw Object.assign(new Error("unable to verify the first certificate"), {
      code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    });
  }
  if (!certificate.names.includes(servername)) {
    throw Object.assign(
      new Error(`Hostname/IP does not match certificate's altnames: ${mismatch(servername, certificate)}`),
      {
        code: "ERR_TLS_CERT_ALTNAME_INVALID",
      },
    );
  }
  end.write(encode("finished", {}), ignore);
}

function mismatch(servername: string, { names }: SimulatedCertificate): string {
  const listed = names.map((name) => (isIP(name) === 0 ? `DNS:${name}` : `IP Address:${name}`)).join(", ");
  return `Host: ${servername}. is not in the cert's altnames: ${listed}`;
}

function encode(type: RecordType, content: object): Buffer {
  const text = Buffer.from(JSON.stringify({ [type]: content }));
  const record = Buffer.alloc(lengths[type], " ");
  if (header.length + text.length > record.length) {
    throw new RangeError(
      `a certificate has room for about 2000 characters of names: leave some out of ${text.toString()}`,
    );
  }
  header.copy(record);
  text.copy(record, header.length);
  return record;
}

/** @throws {Error} with `code` ECONNRESET for an end, and one for what is no such record. */
async function receive(end: TcpEnd, type: RecordType): Promise<unknown> {
  const length = lengths[type];
  let record = Buffer.alloc(0);
  while (record.length < length) {
    const bytes = await next(end, length - record.length);
    record = Buffer.concat([record, bytes]);
    if (!record.subarray(0, header.length).equals(header.subarray(0, record.length))) throw notTls();
  }
  try {
    const parsed = JSON.parse(record.toString("utf8", header.length)) as Partial<Record<RecordType, unknown>>;
    if (parsed[type] !== undefined) return parsed[type];
  } catch {
    // Said below.
  }
  throw notTls();
}

function next(end: TcpEnd, most: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      const result = end.read(most);
      if (result instanceof Buffer) resolve(result);
      else if (result === undefined) end.wait(look);
      else reject(result ?? endedEarly());
    };
    end.wait(look);
  });
}

function notTls(): Error {
  return Object.assign(new Error("wrong version number"), { code: "ERR_SSL_WRONG_VERSION_NUMBER" });
}

function endedEarly(): Error {
  const message = "Client network socket disconnected before secure TLS connection was established";
  return Object.assign(new Error(message), { code: "ECONNRESET" });
}

/** Whether it was taken shows in what is read next. */
function ignore(): void {}
