/** One connection through the proxy: what it has heard of it, which faults it has met, and how far they have let it come. */
import type { Certificate, OnRead, Socket, Waiting } from "../../host/host.ts";
import { readClientHello, type ClientHello } from "../../host/client-hello.ts";
import { lifetimeMs } from "../../faults/tls/contract.ts";
import { dialFor, type Caller } from "../caller.ts";
import { highWaterMark } from "../tcp/door.ts";
import { createConnection, reading, type Connection, type EndedBy } from "../tcp/connection.ts";
import { breakAsTcp, endingAsTcp } from "./as-tcp.ts";
import { nameFor } from "./names.ts";
import type { Active, TlsProxyOptions } from "./proxy.ts";
import type { Terminator } from "./terminator.ts";

export interface Handshake {
  /** What the client asks for. */
  readonly servername?: string;
  readonly alpn: readonly string[];
  /** Whether its TLS ends here: else only the ClientHello is known, and `outcome` is "passed". */
  readonly terminated: boolean;
  /** "done", or the code of why the client and the proxy have come to no agreement. */
  readonly outcome: string;
}

export interface CrossingOptions extends Omit<TlsProxyOptions, "listen" | "onEvent"> {
  readonly caller: Caller;
  readonly client: Socket;
  readonly terminator: Terminator;
  /** The faults that there are when it comes. */
  readonly coming: readonly Active[];
  /** Whether it meets one. What client it is, is known from the start, and which server that asks for when it has been heard. */
  readonly isMet: (each: Active, servername: string | undefined) => boolean;
  readonly onHandshake: (handshake: Handshake) => void;
  /** Once, when both of its sockets are gone. */
  readonly onEnd: (by: EndedBy) => void;
}

export interface Crossing extends AsyncDisposable {
  begin(): void;
  /** One that came after it: met if there is anything left that it could change. */
  comesLate(each: Active): void;
  lift(each: Active): void;
}

/** As a certificate of the world's own: valid since yesterday. */
const validSinceMs = 24 * 60 * 60 * 1000;

const asksForServer = ({ injection: { servername } }: Active): boolean => servername !== undefined;

export function createCrossing(options: CrossingOptions): Crossing {
  const { host, client, caller, server, names, alsoAt = [], terminator, coming, isMet, onHandshake } = options;
  const inside = options.inside?.();
  /** Its TLS ends here. A fault can want that until the server is dialled. */
  let terminated = options.terminates === true || inside !== undefined;
  /** Those of which it is not known yet whether they are met: no server is dialled while one of them is from before. */
  const undecided = new Set(coming.filter(asksForServer));
  const decidesDial = undecided.size > 0;
  const certifying = new Set<Active>();
  const ending = new Set<Active>();
  const breaking = new Set<Active>();
  const hits = new Set<Active>();
  /** Until it has heard the ClientHello, or that there is none. */
  let seen = Buffer.alloc(0);
  let hello: ClientHello | null | undefined;
  const heard = Promise.withResolvers<void>();
  /** What is inside, once that is known. */
  let inner: Connection | undefined;

  const outer = createConnection({ clock: host.clock, accept, dial, onEnd: options.onEnd });

  function accept(onRead: OnRead): Socket {
    const socket = host.network.lend(client, (bytes, done) => {
      hear(bytes);
      onRead(bytes, done);
    });
    return socket.once("end", () => conclude(null)).once("close", () => conclude(null));
  }

  async function dial(onRead: OnRead, waiting: Waiting): Promise<Socket> {
    if (decidesDial) await heard.promise;
    return terminated ? dialTerminator(onRead, waiting) : dialInTheClear(server, onRead, waiting);
  }

  async function dialInTheClear(where: typeof server, onRead: OnRead, waiting: Waiting): Promise<Socket> {
    return dialFor(
      { host, caller, neighbours: options, to: where },
      { halfOpen: true, highWaterMark, onRead },
      waiting,
    );
  }

  /** A server is asked for the very protocols that the client offers, and so before the client is answered. */
  async function dialTerminator(onRead: OnRead, waiting: Waiting): Promise<Socket> {
    await heard.promise;
    const ahead =
      inside === undefined && hello !== null && hello !== undefined && hello.alpn.length > 0
        ? await dialServer(waiting)
        : undefined;
    const shown = [...certifying];
    // Whatever the client makes of it, it sees the certificate, unless the handshake is not to come that far.
    const tellOfShown = (): void => {
      if (breaking.size === 0) for (const each of shown) hit(each, {});
    };
    const agreed = typeof ahead?.alpnProtocol === "string" ? [ahead.alpnProtocol] : undefined;
    try {
      const socket = await terminator.dial(
        {
          certificate: certificateOf(shown),
          alpn: inside === undefined ? agreed : inside.alpn,
          onward: async (onReadInside, then) => {
            if (inside !== undefined) return dialInTheClear(inside.address, onReadInside, then);
            const socket = ahead ?? (await dialServer(then));
            if (socket.destroyed) throw Object.assign(new Error("the server has gone again"), { code: "ECONNRESET" });
            return reading(socket, onReadInside).pause();
          },
          onHandshake: (outcome) => {
            if (outcome instanceof Error) ahead?.destroy();
            tellOfShown();
            concludeHandshake(outcome);
          },
          endsWithoutNotify: () => {
            for (const each of ending) hit(each, {});
            return ending.size > 0;
          },
          onEnd: () => ahead?.destroy(),
        },
        (bytes, done) => {
          tellOfShown();
          onRead(bytes, done);
        },
        waiting,
      );
      // What comes next takes it on.
      return socket.once("data", tellOfShown).pause();
    } catch (error) {
      ahead?.destroy();
      throw error;
    }
  }

  async function dialServer(waiting: Waiting): Promise<Socket> {
    const servername = nameFor(hello?.servername, names);
    const socket = await dialFor(
      { host, caller, neighbours: options, to: server },
      {
        tls: true,
        ...(servername !== undefined && { servername }),
        alpn: hello?.alpn ?? [],
        halfOpen: true,
        highWaterMark,
      },
      waiting,
    );
    // It may be left alone for a while.
    return socket.on("error", () => {});
  }

  function certificateOf(certifiers: readonly Active[]): Certificate {
    const now = host.clock.wall();
    const valid = {
      names: [...new Set([...names, ...alsoAt])],
      notBefore: now - validSinceMs,
      notAfter: now + lifetimeMs,
      issuer: "trusted",
    } as const;
    return certifiers.reduce<Certificate>(
      (certificate, { injection: { fault, parameters }, since }) =>
        fault.certificate?.(certificate, parameters as Record<string, unknown>, since) ?? certificate,
      valid,
    );
  }

  function concludeHandshake(result: Connection | Error): void {
    const outcome = result instanceof Error ? codeOf(result) : "done";
    onHandshake({ ...described(), terminated, outcome });
    if (result instanceof Error) return;
    inner = result;
    for (const each of ending) injectEnding(each, result);
  }

  function hit(each: Active, detail: Readonly<Record<string, unknown>>): void {
    if (hits.has(each)) return;
    hits.add(each);
    const servername = hello?.servername;
    each.injection.onHit({ connection: caller.connection, ...(servername !== undefined && { servername }), ...detail });
  }

  function described(): Pick<Handshake, "servername" | "alpn"> {
    const servername = hello?.servername;
    return { ...(servername !== undefined && { servername }), alpn: hello?.alpn ?? [] };
  }

  function hear(bytes: Uint8Array): void {
    if (hello !== undefined) return;
    seen = Buffer.concat([seen, bytes]);
    const what = readClientHello(seen);
    if (what !== undefined) conclude(what);
  }

  function conclude(what: ClientHello | null): void {
    if (hello !== undefined) return;
    hello = what;
    for (const each of undecided) meetIfMeant(each);
    undecided.clear();
    heard.resolve();
    if (!terminated && what !== null) onHandshake({ ...described(), terminated, outcome: "passed" });
  }

  /** Whether there is anything left that the fault could change. */
  function canMeet({ injection: { fault, parameters } }: Active): boolean {
    const broken = fault.break?.(parameters as Record<string, unknown>);
    if (broken === undefined) return fault.ending !== undefined && terminated;
    if (broken.behind !== "server-flight") return outer.links.downstream.delivered() === 0;
    return hello === undefined || (hello !== null && outer.links.upstream.delivered() <= hello.length);
  }

  function meetIfMeant(each: Active): void {
    if ((coming.includes(each) || canMeet(each)) && isMet(each, hello?.servername)) meet(each);
  }

  function meet(each: Active): void {
    const { fault, parameters } = each.injection;
    if (coming.includes(each) && (fault.certificate !== undefined || fault.ending !== undefined)) terminated = true;
    if (coming.includes(each) && fault.certificate !== undefined) certifying.add(each);
    const broken = fault.break?.(parameters as Record<string, unknown>);
    if (broken !== undefined) {
      breaking.add(each);
      const asTcp = breakAsTcp(fault, broken, () => hello);
      outer.links[asTcp.direction === "upstream" ? "upstream" : "downstream"].inject({
        ...stageOf(each),
        fault: asTcp,
        onHit: () => hit(each, { behind: broken.behind }),
      });
    }
    if (fault.ending === undefined || !terminated) return;
    ending.add(each);
    if (inner !== undefined) injectEnding(each, inner);
  }

  function injectEnding(each: Active, connection: Connection): void {
    const { fault, parameters } = each.injection;
    const asTcp = fault.ending && endingAsTcp(fault, fault.ending(parameters as Record<string, unknown>));
    // The hit is the end itself, however it comes.
    if (asTcp) connection.links.downstream.inject({ ...stageOf(each), fault: asTcp, onHit: () => {} });
  }

  function stageOf(each: Active) {
    const { parameters, draw } = each.injection;
    const since = host.clock.monotonic();
    return {
      owner: each,
      parameters,
      context: { since, others: 0, shared: {}, direction: "downstream" as const, draw },
    };
  }

  return {
    begin() {
      for (const each of coming) if (!asksForServer(each)) meetIfMeant(each);
      outer.begin();
    },
    comesLate(each) {
      if (!asksForServer(each) || hello !== undefined) meetIfMeant(each);
      else undecided.add(each);
    },
    lift(each) {
      undecided.delete(each);
      certifying.delete(each);
      ending.delete(each);
      breaking.delete(each);
      for (const links of [outer.links, inner?.links]) {
        links?.upstream.lift(each);
        links?.downstream.lift(each);
      }
    },
    async [Symbol.asyncDispose]() {
      heard.resolve();
      await outer[Symbol.asyncDispose]();
    },
  };
}

function codeOf(error: Error): string {
  return "code" in error && typeof error.code === "string" ? error.code : error.message;
}
