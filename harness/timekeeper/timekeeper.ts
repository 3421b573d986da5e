/**
 * A model NTP client: asks servers as a client of a policy would, and disciplines a clock by what they say.
 *
 *     servers ──packets──► tests ──samples──► filters ──► selection ──offset──► discipline ──step, rate──► the clock
 *
 * Everything but this file is pure. It runs on any host; which clock it steers is said from outside, and is the one that its host shows.
 */
import { aborted } from "../../host/aborted.ts";
import { referenceIdOfAddress, requestOf } from "../../faults/ntp/packet.ts";
import type { Address, Host } from "../../host/host.ts";
import { decode, encode } from "../../proxies/ntp/wire/packet.ts";
import { createFineClock } from "../../host/fine-clock.ts";
import { createAssociation, type Association } from "./association.ts";
import { createDiscipline } from "./discipline.ts";
import { policies, type PolicyName } from "./policy.ts";
import { select, type Candidate, type Selected } from "./selection.ts";

/** What it may do to a clock. */
export interface Steered {
  /** The wall clock jumps, by milliseconds. */
  step(milliseconds: number): void;
  /** It runs by so much of how fast it would run by itself. */
  setSlew(slew: number): void;
}

export interface TimekeeperOptions {
  readonly host: Host;
  readonly clock: Steered;
  readonly policy: PolicyName;
  /** By the names of their links; the address is what the host finds, asked for each request. */
  readonly servers: ReadonlyMap<string, Address>;
  /** Its own: a server that has its time from one of them is of no use. */
  readonly addresses: readonly string[];
  /** Always this; by default as the policy has it. */
  readonly pollMs?: number;
  /** For how long offsets beyond the step threshold are spikes; by default as the policy has it. */
  readonly stepoutMs?: number;
  /** Whether it has a file that tells how fast its clock is; by default it has. */
  readonly driftFile?: boolean;
  /** False while nobody lets it run: then it asks nobody. */
  readonly mayAsk: () => boolean;
  readonly onEvent: (event: TimekeeperEvent) => void;
}

export type TimekeeperEvent =
  | {
      /**
       * `spike`: the offset is too large, for the first time, and is left alone. `wait`: it is so still, or how fast the clock is has to be found out first.
       * `panic`: it is so large that the client has ended.
       */
      readonly what: "step" | "slew" | "spike" | "wait" | "panic";
      readonly offset: number;
      /** Those that it is made of, the best first, and those that were voted down. */
      readonly servers: string[];
      readonly falsetickers: string[];
    }
  /** Those that could be right are no majority. */
  | { readonly what: "no-majority"; readonly servers: string[] }
  | { readonly what: "rejected" | "kiss"; readonly server: string; readonly why: string };

/** About a microsecond. */
const ownPrecision = -20;
/** Of those that ask one server at a time: after so many requests without a good reply it is the next one's turn; after DENY or RSTR at once. */
const patience = 4;

interface Slewing {
  readonly rate: number;
  /** At which rate the clock runs when it is done. */
  readonly afterwards: number;
  /** On the monotonic clock: what is accounted for. */
  countedMs: number;
  readonly end: Disposable;
}

/** Resolves when it has ended by itself (`panic`). Rejects with the signal's reason. */
export async function keepTime(options: TimekeeperOptions, signal: AbortSignal): Promise<void> {
  const { host, clock, policy: policyName, servers, pollMs, mayAsk, onEvent } = options;
  const { stepoutMs } = options;
  const policy = { ...policies[policyName], ...(stepoutMs !== undefined && { stepoutMs }) };
  const now = createFineClock(host.clock);
  const discipline = createDiscipline(policy, options.driftFile);
  const ended = Promise.withResolvers<void>();
  await using running = new AsyncDisposableStack();
  let over = false;
  running.defer(() => void (over = true));
  const ownReferenceIds = new Set(options.addresses.flatMap((each) => referenceIdOfAddress(each) ?? []));
  const associations: Association[] = [];
  let lastUsedMs = -Infinity;
  /** Which one is asked, by those that ask one at a time. */
  let turn = 0;
  let slewing: Slewing | undefined;
  running.defer(endSlew);

  /** Done or not: whoever has begun one must not leave a clock that goes on running away. */
  function endSlew(): void {
    if (slewing === undefined) return;
    slewing.end[Symbol.dispose]();
    clock.setSlew(1 + slewing.afterwards);
    slewing = undefined;
  }

  /** So much of it is done by now. */
  function account(): void {
    if (slewing === undefined) return;
    const monotonic = host.clock.monotonic();
    const elapsedMs = monotonic - slewing.countedMs;
    // The monotonic clock runs at the same rate.
    for (const each of associations) each.corrected((elapsedMs * slewing.rate) / (1 + slewing.rate));
    slewing.countedMs = monotonic;
  }

  function selected(candidates: readonly Candidate[]): Selected | undefined {
    if (policy.selection === "intersection") return select(candidates);
    const [first] = candidates;
    return first && { ...first, survivors: [first.name], falsetickers: [] };
  }

  /** Whether it is this one's turn. */
  function isAsked(association: Association): boolean {
    if (policy.selection === "intersection") return true;
    const current = associations[turn];
    // Who does not answer, and who must not be asked any more.
    if (current !== undefined && (current.unanswered >= patience || current.pauseMs === undefined)) {
      current.forget();
      turn = (turn + 1) % associations.length;
    }
    return associations[turn] === association;
  }

  function update(): void {
    const monotonic = host.clock.monotonic();
    const candidates = associations.flatMap((each) => each.candidate(monotonic) ?? []);
    if (candidates.length === 0) return;
    const choice = selected(candidates);
    if (choice === undefined) {
      onEvent({ what: "no-majority", servers: candidates.map(({ name }) => name) });
      return;
    }
    const best = associations.find(({ name }) => name === choice.survivors[0]);
    const newest = best?.newest(monotonic) ?? -Infinity;
    // Its best sample is an old one, by which the clock was set before.
    if (newest <= lastUsedMs) return;
    lastUsedMs = newest;
    const { offsetMs: offset, survivors, falsetickers } = choice;
    const action = discipline.update(offset, monotonic, best?.pauseMs ?? pollMs ?? 1000 * 2 ** policy.minimumPoll);
    onEvent({
      what: action.type,
      offset: Math.round(offset * 1000) / 1000,
      servers: [...survivors],
      falsetickers: [...falsetickers],
    });
    if (action.type === "spike" || action.type === "wait") return;
    endSlew();
    switch (action.type) {
      case "panic":
        over = true;
        ended.resolve();
        return;
      case "step":
        clock.step(action.byMs);
        for (const each of associations) each.forget();
        lastUsedMs = -Infinity;
        return;
      case "slew":
        clock.setSlew(1 + action.rate);
        slewing = {
          rate: action.rate - action.afterwards,
          afterwards: action.afterwards,
          countedMs: monotonic,
          end: host.clock.timer(action.forMs, () => {
            // On a real machine that is a little late, and then a little more is done.
            account();
            endSlew();
          }),
        };
    }
  }

  for (const [name, address] of servers) {
    const association = createAssociation({ name, policy, ownPrecision, pollMs, ownReferenceIds });
    associations.push(association);
    let asked: Address | undefined;
    const socket = running.use(
      await host.network.bind({ port: 0 }, (bytes, from) => {
        const [arrivedMs, atMs] = [now(), host.clock.monotonic()];
        if (over) return;
        const decoded = decode(bytes);
        const isStranger = from.host !== asked?.host || from.port !== asked.port;
        if (isStranger || !("packet" in decoded)) {
          const why = "malformed" in decoded ? decoded.malformed : "it comes from elsewhere";
          onEvent({ what: "rejected", server: name, why });
          return;
        }
        // What is new is of a clock as it is now.
        account();
        const outcome = association.hears(decoded.packet, arrivedMs, atMs);
        if (outcome.type === "kiss") onEvent({ what: "kiss", server: name, why: outcome.code });
        else if (outcome.type === "rejected") onEvent({ what: "rejected", server: name, why: outcome.why });
        else update();
      }),
    );

    const ask = async (): Promise<void> => {
      const found = await host.network.resolve(address);
      const to = found.find(({ host: each }) => !each.includes(":"));
      if (to === undefined || over) return;
      asked = to;
      const nonce = Buffer.from(host.random.bytes(8)).readBigUInt64BE() | 1n;
      association.asks(nonce, now());
      socket.send(encode(requestOf(nonce)), to);
    };
    let timer: Disposable | undefined;
    running.defer(() => timer?.[Symbol.dispose]());
    const again = (): void => {
      if (over || association.pauseMs === undefined) return;
      if (isAsked(association) && mayAsk()) {
        ask().catch((error: unknown) => {
          if (!over) onEvent({ what: "rejected", server: name, why: String(error) });
        });
      }
      timer = host.clock.timer(association.pauseMs, again);
    };
    timer = host.clock.timer(1, again);
  }

  await Promise.race([ended.promise, aborted(signal)]);
  signal.throwIfAborted();
}
