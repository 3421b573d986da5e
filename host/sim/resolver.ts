/**
 * A stub resolver over simulated UDP, which behaves as c-ares does in Node.
 *
 *     first round   server 1 ── 5 s ──► server 2 ── 5 s ──┐     the same question; an answer counts while its server is waited for
 *     second round  server 1 ── 10 s ─► server 2 ── 10 s ─┴──►  the last error
 */
import type { Address, Clock, Random, Socket, Waiting } from "../host.ts";
import { bindUdp, type UdpOptions } from "./datagrams.ts";
import { encodeQuestion, questionName, readReply, type Question, type Reply } from "./question.ts";
import { everywhere } from "./wire.ts";

/** c-ares adds up to a second, and some jitter in the second round. */
const timeoutsMs = [5000, 10_000];

export interface ResolverOptions {
  readonly servers: readonly Address[];
  readonly udp: UdpOptions;
  /** Over TCP, for what does not fit in a datagram. */
  readonly connect: (server: Address, waiting: Waiting) => Promise<Socket>;
  readonly clock: Clock;
  readonly random: Random;
}

/** The addresses of a name. @throws {Error} with `code` ENOTFOUND, ENODATA, ESERVFAIL, ETIMEOUT and so on. */
export type Resolver = (host: string, waiting: Waiting) => Promise<readonly string[]>;

/** What became of one try. */
type Outcome = Reply | { readonly kind: "failed"; readonly code: string };

export function createResolver({ servers, udp, connect, clock, random }: ResolverOptions): Resolver {
  return async (host, { signal }) => {
    signal?.throwIfAborted();
    const name = questionName(host);
    if (name === undefined) throw failure("EBADNAME", host);
    const question: Question = { id: Math.floor(random.number() * 2 ** 16), name };
    let ask = askOverUdp;
    let last = "ETIMEOUT";
    for (const timeoutMs of timeoutsMs) {
      for (const server of servers) {
        let outcome = await trying(timeoutMs, signal, (trial) => ask(question, server, trial));
        if (outcome.kind === "truncated") {
          // From here on, as c-ares does.
          ask = askOverTcp;
          outcome = await trying(timeoutMs, signal, (trial) => ask(question, server, trial));
        }
        if (outcome.kind === "addresses") return outcome.addresses;
        if (outcome.kind === "refusal") throw failure(outcome.code, host);
        last = outcome.kind === "failed" ? outcome.code : "EBADRESP";
      }
    }
    throw failure(last, host);
  };

  /** Until it ends by itself, its time is over, or nobody wants to know any more. */
  async function trying(
    timeoutMs: number,
    signal: AbortSignal | undefined,
    attempt: (trial: AbortSignal) => Promise<Outcome>,
  ): Promise<Outcome> {
    const controller = new AbortController();
    const abort = (): void => controller.abort();
    signal?.addEventListener("abort", abort, { once: true });
    using timer = clock.timer(timeoutMs, abort);
    void timer;
    const timedOut = new Promise<Outcome>((resolve) => {
      controller.signal.addEventListener("abort", () => resolve({ kind: "failed", code: "ETIMEOUT" }), { once: true });
    });
    try {
      return await Promise.race([attempt(controller.signal), timedOut]);
    } catch (error) {
      return { kind: "failed", code: error instanceof Error && "code" in error ? String(error.code) : "ECONNRESET" };
    } finally {
      controller.abort();
      signal?.removeEventListener("abort", abort);
      signal?.throwIfAborted();
    }
  }

  /** A socket for each try: what comes for an earlier one comes too late. */
  function askOverUdp(question: Question, server: Address, trial: AbortSignal): Promise<Outcome> {
    return new Promise((resolve) => {
      const socket = bindUdp(
        udp,
        { host: everywhere, port: 0 },
        {
          onDatagram(bytes, { host, port }) {
            if (host !== server.host || port !== server.port) return;
            const reply = readReply(bytes, question);
            if (reply.kind !== "foreign") resolve(reply);
          },
          onRefused: () => resolve({ kind: "failed", code: "ECONNREFUSED" }),
        },
      );
      trial.addEventListener("abort", () => socket[Symbol.dispose](), { once: true });
      socket.send(encodeQuestion(question), server);
    });
  }

  /** Each message comes after its length: RFC 1035, 4.2.2. */
  async function askOverTcp(question: Question, server: Address, trial: AbortSignal): Promise<Outcome> {
    const socket = await connect(server, { signal: trial });
    trial.addEventListener("abort", () => void socket.destroy(), { once: true });
    const message = encodeQuestion(question);
    socket.write(Buffer.concat([Buffer.from([message.length >> 8, message.length & 0xff]), message]));
    let bytes = Buffer.alloc(0);
    for await (const piece of socket) {
      bytes = Buffer.concat([bytes, piece as Buffer]);
      if (bytes.length < 2 || bytes.length < 2 + bytes.readUInt16BE()) continue;
      const reply = readReply(bytes.subarray(2, 2 + bytes.readUInt16BE()), question);
      return reply.kind === "truncated" ? { kind: "malformed" } : reply;
    }
    return { kind: "failed", code: "ECONNREFUSED" };
  }
}

/** As Node words it. */
function failure(code: string, hostname: string): Error {
  return Object.assign(new Error(`queryA ${code} ${hostname}`), { code, syscall: "queryA", hostname });
}
