/**
 * A stub resolver, as glibc's is (its resolv/res_send.c and res_query.c), for every host.
 *
 *     first attempt    server 1 ── 5 s ──► server 2 ── 5 s ──┐     the same question; what comes late is heard when its server's turn has come again
 *     second attempt   server 1 ── 5 s ──► server 2 ── 5 s ──┴──►  the last failure
 *
 * The next server is asked after silence, a closed port, a reply that can't be read, and SERVFAIL, NOTIMP and REFUSED: who says so has no answer. NXDOMAIN is one.
 */
import type { Address, Clock, Random, Socket, Waiting } from "./host.ts";
import { encodeQuestion, questionName, readReply, type Question, type Reply } from "./question.ts";
import { candidatesOf, type Resolution } from "./resolv-conf.ts";

export interface DatagramReader {
  readonly onDatagram: (bytes: Uint8Array) => void;
  /** Nobody waits at that port: ICMP says so to whoever has connected his socket. */
  readonly onRefused: () => void;
}

export interface QuestionSocket extends Disposable {
  readonly send: (bytes: Uint8Array) => void;
}

export interface ResolverOptions {
  /** Read anew for each name. */
  readonly resolution: () => Promise<Resolution>;
  /** A socket that is connected to the server: nobody else is heard. */
  readonly openUdp: (server: Address, reader: DatagramReader) => QuestionSocket;
  /** Over TCP, for what does not fit in a datagram. */
  readonly connect: (server: Address, waiting: Waiting) => Promise<Socket>;
  readonly clock: Clock;
  readonly random: Random;
}

/** The addresses of a name. @throws {Error} with `code` ENOTFOUND, ENODATA, ESERVFAIL, ETIMEOUT and so on. */
export type Resolver = (host: string, waiting: Waiting) => Promise<readonly string[]>;

type Failed = { readonly kind: "failed"; readonly code: string };
/** What became of one try. */
type Outcome = Reply | Failed;
/** What became of a name. */
type Found = Extract<Outcome, { kind: "addresses" | "refusal" | "failed" }>;

/** Another server may know better. */
const isPassedOn = (code: string): boolean => code === "ESERVFAIL" || code === "ENOTIMP" || code === "EREFUSED";

export function createResolver({ resolution, openUdp, connect, clock, random }: ResolverOptions): Resolver {
  let asked = 0;

  return async (host, { signal }) => {
    signal?.throwIfAborted();
    const settings = await resolution();
    const codes: string[] = [];
    for (const candidate of candidatesOf(host, settings)) {
      const name = questionName(candidate);
      if (name === undefined) throw failure("EBADNAME", host);
      const found = await askAll({ id: Math.floor(random.number() * 2 ** 16), name }, settings, signal);
      if (found.kind === "addresses") return found.addresses;
      codes.push(found.code);
      // Nobody is there, or nobody can say: another name would fare no better.
      if (found.kind === "failed" || !["ENOTFOUND", "ENODATA", "ESERVFAIL"].includes(found.code)) break;
    }
    const telling = ["ENODATA", "ESERVFAIL"].find((code) => codes.includes(code));
    const last = codes.at(-1) ?? "ENOTFOUND";
    throw failure(last === "ENOTFOUND" && telling !== undefined ? telling : last, host);
  };

  async function askAll(question: Question, settings: Resolution, signal: AbortSignal | undefined): Promise<Found> {
    const servers = inTurn(settings);
    using sockets = new DisposableStack();
    const parties = servers.map((server) => createParty(server, question, sockets));
    let overTcp = false;
    let last: Found = { kind: "failed", code: "ETIMEOUT" };
    for (let attempt = 0; attempt < settings.attempts; attempt++) {
      for (const [index, party] of parties.entries()) {
        const timeoutMs = timeoutOf(settings.timeoutMs, index, servers.length);
        let outcome = await trying(timeoutMs, signal, (trial) =>
          overTcp ? party.overTcp(trial) : party.overUdp(trial),
        );
        if (outcome.kind === "truncated" && !overTcp) {
          // From here on.
          overTcp = true;
          outcome = await trying(timeoutMs, signal, (trial) => party.overTcp(trial));
        }
        if (outcome.kind === "addresses") return outcome;
        if (outcome.kind === "refusal" && !isPassedOn(outcome.code)) return outcome;
        last = outcome.kind === "refusal" || outcome.kind === "failed" ? outcome : { kind: "failed", code: "EBADRESP" };
      }
    }
    return last;
  }

  function inTurn({ servers, rotate }: Resolution): readonly Address[] {
    if (!rotate || servers.length === 0) return servers;
    const first = asked++ % servers.length;
    return [...servers.slice(first), ...servers.slice(0, first)];
  }

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
      signal?.throwIfAborted();
      return await Promise.race([attempt(controller.signal), timedOut]);
    } catch (error) {
      return { kind: "failed", code: error instanceof Error && "code" in error ? String(error.code) : "ECONNRESET" };
    } finally {
      controller.abort();
      signal?.removeEventListener("abort", abort);
      signal?.throwIfAborted();
    }
  }

  /** One server, as far as one question is concerned: its socket stays for the next attempt, with what has come meanwhile. */
  function createParty(server: Address, question: Question, sockets: DisposableStack) {
    const come: Outcome[] = [];
    let waiting: ((outcome: Outcome) => void) | undefined;
    let socket: QuestionSocket | undefined;
    const hear = (outcome: Outcome): void => {
      // What refused an earlier try says nothing of the next one.
      if (waiting === undefined) {
        if (outcome.kind !== "failed") come.push(outcome);
      } else waiting(outcome);
      waiting = undefined;
    };
    const open = (): QuestionSocket =>
      sockets.use(
        openUdp(server, {
          onDatagram(bytes) {
            const reply = readReply(bytes, question);
            if (reply.kind !== "foreign") hear(reply);
          },
          onRefused: () => hear({ kind: "failed", code: "ECONNREFUSED" }),
        }),
      );
    return {
      overUdp: (trial: AbortSignal): Promise<Outcome> =>
        new Promise((resolve) => {
          socket ??= open();
          socket.send(encodeQuestion(question));
          const early = come.shift();
          if (early !== undefined) return resolve(early);
          waiting = resolve;
          trial.addEventListener("abort", () => (waiting = undefined), { once: true });
        }),
      overTcp: (trial: AbortSignal): Promise<Outcome> => askOverTcp(question, server, trial),
    };
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

/** In whole seconds: the first has all of the time, and the others get more, the further behind and the fewer they are. */
function timeoutOf(timeoutMs: number, index: number, count: number): number {
  if (index === 0) return timeoutMs;
  return Math.max(1, Math.floor(((timeoutMs / 1000) * 2 ** index) / count)) * 1000;
}

/** As Node words it. */
function failure(code: string, hostname: string): Error {
  return Object.assign(new Error(`queryA ${code} ${hostname}`), { code, syscall: "queryA", hostname });
}
