/** TLS served with certificates that a host makes: what each kind of client sees of them. Part of the contract of every host. */
import { once } from "node:events";
import { expect, test } from "vitest";
import type { Certificate, Host, SecureSocket, Socket } from "./host.ts";
import { quiet, readAll, until, type HostPair } from "./talk.testing.ts";

const hour = 3_600_000;

/** Takes back what it has read, as somebody does who looks at what a client wants first. */
async function look(socket: Socket): Promise<void> {
  let seen = Buffer.alloc(0);
  while (seen.length < 100) {
    await once(socket, "readable");
    seen = Buffer.concat([seen, (socket.read() as Buffer | null) ?? Buffer.alloc(0)]);
  }
  socket.unshift(seen);
}

const now = (pair: HostPair): number => pair.client.clock.wall();

interface Secured {
  readonly client: Promise<Socket>;
  readonly server: Promise<SecureSocket>;
}

async function secured(
  pair: HostPair,
  certificate: Partial<Certificate>,
  {
    alpn,
    offered,
    client = pair.client,
  }: { alpn?: readonly string[]; offered?: readonly string[]; client?: Host } = {},
): Promise<Secured> {
  const accepted = Promise.withResolvers<SecureSocket>();
  const listener = await pair.server.network.listen({ port: 0, halfOpen: true, pauseOnConnect: true }, (socket) => {
    const today = pair.server.clock.wall();
    const valid = { names: [pair.place], notBefore: today - hour, notAfter: today + hour, issuer: "trusted" } as const;
    const options = { certificate: { ...valid, ...certificate }, ...(alpn !== undefined && { alpn }) };
    accepted.resolve(look(quiet(socket)).then(() => pair.server.network.secure(socket, options)));
  });
  const address = { host: pair.place, port: listener.address.port };
  const connecting = client.network.connect({
    ...address,
    tls: true,
    halfOpen: true,
    ...(offered !== undefined && { alpn: offered }),
  });
  const ends = { client: connecting.then(quiet), server: accepted.promise.then(quiet) as Promise<SecureSocket> };
  // Whoever does not ask for one of them does not care how it ends.
  await Promise.allSettled(Object.values(ends));
  await listener[Symbol.asyncDispose]();
  return ends;
}

export function describeSecure(startPair: () => Promise<HostPair>): void {
  test("a certificate that says what is so is accepted, and what was read before counts", async () => {
    await using pair = await startPair();
    const { client, server } = await secured(pair, {});
    (await client).end("question");
    expect(await readAll(await server)).toBe("question");
    (await server).end("answer");
    expect(await readAll(await client)).toBe("answer");
  });

  test.each<{
    what: string;
    certificate: (pair: HostPair) => Partial<Certificate>;
    code: string;
    message: string;
  }>([
    {
      what: "is not valid any more",
      certificate: (pair) => ({ notBefore: now(pair) - 2 * hour, notAfter: now(pair) - hour }),
      code: "CERT_HAS_EXPIRED",
      message: "certificate has expired",
    },
    {
      what: "ends this very second",
      certificate: (pair) => ({ notAfter: now(pair) }),
      code: "CERT_HAS_EXPIRED",
      message: "certificate has expired",
    },
    {
      what: "is not valid yet",
      certificate: (pair) => ({ notBefore: now(pair) + hour, notAfter: now(pair) + 2 * hour }),
      code: "CERT_NOT_YET_VALID",
      message: "certificate is not yet valid",
    },
    {
      what: "is for another",
      certificate: () => ({ names: ["other.test", "203.0.113.9"] }),
      code: "ERR_TLS_CERT_ALTNAME_INVALID",
      message: "is not in the cert's list: 203.0.113.9",
    },
    {
      what: "is by an authority that nobody knows",
      certificate: () => ({ issuer: "unknown" }),
      code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
      message: "unable to verify the first certificate",
    },
    {
      what: "is by nobody but itself",
      certificate: () => ({ issuer: "itself" }),
      code: "DEPTH_ZERO_SELF_SIGNED_CERT",
      message: "self-signed certificate",
    },
    {
      what: "is for another and not valid any more",
      certificate: (pair) => ({ names: ["other.test"], notBefore: now(pair) - 2 * hour, notAfter: now(pair) - hour }),
      code: "CERT_HAS_EXPIRED",
      message: "certificate has expired",
    },
    {
      what: "is by nobody known and not valid any more",
      certificate: (pair) => ({ issuer: "unknown", notBefore: now(pair) - 2 * hour, notAfter: now(pair) - hour }),
      code: "CERT_HAS_EXPIRED",
      message: "certificate has expired",
    },
    {
      what: "is by nobody known and not valid yet",
      certificate: (pair) => ({ issuer: "unknown", notBefore: now(pair) + hour, notAfter: now(pair) + 2 * hour }),
      code: "CERT_NOT_YET_VALID",
      message: "certificate is not yet valid",
    },
    {
      what: "is by itself and not valid any more",
      certificate: (pair) => ({ issuer: "itself", notBefore: now(pair) - 2 * hour, notAfter: now(pair) - hour }),
      code: "CERT_HAS_EXPIRED",
      message: "certificate has expired",
    },
    {
      what: "is by nobody known and for another",
      certificate: () => ({ issuer: "unknown", names: ["other.test"] }),
      code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
      message: "unable to verify the first certificate",
    },
    {
      what: "is valid the wrong way round",
      certificate: (pair) => ({ notBefore: now(pair) + hour, notAfter: now(pair) - hour }),
      code: "CERT_HAS_EXPIRED",
      message: "certificate has expired",
    },
  ])("a certificate that $what is $code", async ({ certificate, code, message }) => {
    await using pair = await startPair();
    const { client, server } = await secured(pair, certificate(pair));
    await expect(client).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
    await expect(server).rejects.toMatchObject({ code: "ECONNRESET" });
  });

  test("who trusts another authority trusts none that is made here", async () => {
    await using pair = await startPair();
    const { client } = await secured(pair, {}, { client: pair.stranger });
    await expect(client).rejects.toMatchObject({ code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" });
  });

  test.each([
    { offered: ["h2", "http/1.1"], alpn: ["http/1.1"], agreed: "http/1.1" },
    { offered: ["http/1.1", "h2"], alpn: ["h2", "http/1.1"], agreed: "h2" },
    { offered: [], alpn: ["http/1.1"], agreed: false },
    { offered: ["h2"], alpn: undefined, agreed: false },
  ])("of the protocols $offered, a server of $alpn takes $agreed", async ({ offered, alpn, agreed }) => {
    await using pair = await startPair();
    const { client, server } = await secured(pair, {}, { offered, ...(alpn !== undefined && { alpn }) });
    expect([(await client).alpnProtocol, (await server).alpnProtocol]).toEqual([agreed, agreed]);
    for (const socket of [await client, await server]) socket.destroy();
  });

  test("a client that offers only other protocols is turned away", async () => {
    await using pair = await startPair();
    const { client, server } = await secured(pair, {}, { offered: ["h2"], alpn: ["http/1.1"] });
    await expect(client).rejects.toMatchObject({ code: "ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL" });
    await expect(server).rejects.toThrow(/no application protocol/i);
  });

  test("ended without close_notify, behind what was written, is an end to Node's clients", async () => {
    await using pair = await startPair();
    const { client, server } = await secured(pair, {});
    (await server).write("x".repeat(300_000));
    (await server).endWithoutNotify();
    expect(await readAll(await client)).toHaveLength(300_000);
    (await client).end("and you?");
    expect(await readAll(await server)).toBe("and you?");
  });

  test.each(["destroy", "resetAndDestroy"] as const)("a client that is gone in the handshake (%s)", async (way) => {
    await using pair = await startPair();
    const secure = Promise.withResolvers<SecureSocket>();
    secure.promise.catch(() => {});
    await using listener = await pair.server.network.listen({ port: 0, pauseOnConnect: true }, (socket) => {
      const certificate: Certificate = { names: ["x"], notBefore: 0, notAfter: hour, issuer: "trusted" };
      secure.resolve(pair.server.network.secure(quiet(socket), { certificate }));
    });
    const client = quiet(await pair.client.network.connect({ host: pair.place, port: listener.address.port }));
    client.write(Buffer.from([0x16, 3, 1, 1, 0]), () => client[way]());
    await expect(secure.promise).rejects.toMatchObject({ code: "ECONNRESET" });
  });

  test("a handshake that hangs ends with the signal's reason", async () => {
    await using pair = await startPair();
    const secure = Promise.withResolvers<SecureSocket>();
    secure.promise.catch(() => {});
    const controller = new AbortController();
    await using listener = await pair.server.network.listen({ port: 0, pauseOnConnect: true }, (socket) => {
      const certificate: Certificate = { names: ["x"], notBefore: 0, notAfter: hour, issuer: "trusted" };
      secure.resolve(pair.server.network.secure(quiet(socket), { certificate }, controller));
    });
    const client = quiet(await pair.client.network.connect({ host: pair.place, port: listener.address.port }));
    const reason = new Error("enough");
    controller.abort(reason);
    await expect(secure.promise).rejects.toBe(reason);
    await until(() => client.resume().destroyed);
  });

  test("only a host that was lent the authority makes certificates", async () => {
    await using pair = await startPair();
    const refused = Promise.withResolvers<unknown>();
    await using listener = await pair.client.network.listen({ port: 0 }, (socket) => {
      const certificate: Certificate = { names: ["x"], notBefore: 0, notAfter: 0, issuer: "trusted" };
      pair.client.network.secure(quiet(socket), { certificate }).catch(refused.resolve);
    });
    const { port } = listener.address;
    const client = await pair.client.network.connect({ host: "127.0.0.1", port });
    expect(await refused.promise).toMatchObject({ message: expect.stringContaining("can't make certificates") });
    client.destroy();
  });
}
