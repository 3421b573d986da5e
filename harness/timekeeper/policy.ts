/** What the clients of NTP that are in use do differently, from their manuals and their source. */

export const policyNames = ["ntpd", "chrony", "timesyncd"] as const;
export type PolicyName = (typeof policyNames)[number];

export interface Policy {
  /** An offset beyond this is stepped, a smaller one is slewed. */
  readonly stepAboveMs: number;
  /** How long nothing else must have come before that is believed (`clock-state.ts`); without one, each offset is. */
  readonly stepoutMs?: number;
  /** Of how many updates the first ones may step; all others are slewed, however large they are. */
  readonly stepLimit: number;
  /** Beyond this the client gives up and ends, unless it is the first update. */
  readonly panicAboveMs: number;
  /** How fast a slew is at most, in parts of a million, and in how much time it would be done. */
  readonly slewPpm: number;
  /** Of several servers: those in whose intervals the truth must be, or simply one until it fails. */
  readonly selection: "intersection" | "one";
  /** How many of the latest samples of a server are looked at: the one with the least delay counts. */
  readonly filter: number;
  /** A server further from the truth than this is not used. */
  readonly maximumDistanceMs: number;
  /** How many questions it begins with, two seconds apart. */
  readonly burst: number;
  /** Poll intervals, as exponents of 2 in seconds. */
  readonly minimumPoll: number;
  readonly maximumPoll: number;
  /** Its poll interval follows how large offsets are beside this; else beside their jitter, as RFC 5905 has it. */
  readonly accuracyMs?: number;
  /** Whether it minds what is behind the 48 bytes that it knows: a MAC of a key that it has not, a crypto-NAK, or garbage. */
  readonly looksBehindHeader: boolean;
  /** Whether it asks no more when it is told DENY or RSTR (RFC 5905, section 7.4). */
  readonly obeysDenial: boolean;
}

export const policies: Readonly<Record<PolicyName, Policy>> = {
  /** ntpd 4.2.8 with -g: `tinker step 0.128 stepout 300 panic 1000`; MAXDIST is 1.5 s; `iburst`. */
  ntpd: {
    stepAboveMs: 128,
    stepoutMs: 300_000,
    stepLimit: Infinity,
    panicAboveMs: 1_000_000,
    slewPpm: 500,
    selection: "intersection",
    filter: 8,
    maximumDistanceMs: 1500,
    burst: 8,
    minimumPoll: 6,
    maximumPoll: 10,
    looksBehindHeader: true,
    obeysDenial: true,
  },
  /** chronyd as distributions have it: `makestep 1 3`, `maxdistance 3`, `maxslewrate 83333.333`, no `maxchange`; `iburst`. Of the kiss codes it minds RATE: 4.3 went on asking as often when it was told DENY. */
  chrony: {
    stepAboveMs: 1000,
    stepLimit: 3,
    panicAboveMs: Infinity,
    slewPpm: 83_333,
    selection: "intersection",
    filter: 8,
    maximumDistanceMs: 3000,
    burst: 4,
    minimumPoll: 6,
    maximumPoll: 10,
    looksBehindHeader: true,
    obeysDenial: false,
  },
  /** systemd-timesyncd: NTP_MAX_ADJUST 0.4 s, NTP_ACCURACY_SEC 0.2 s, RootDistanceMaxSec 5 s, PollIntervalMinSec 32 s and PollIntervalMaxSec 2048 s; no bound of any kind. */
  timesyncd: {
    stepAboveMs: 400,
    stepLimit: Infinity,
    panicAboveMs: Infinity,
    slewPpm: 500,
    selection: "one",
    filter: 1,
    maximumDistanceMs: 5000,
    burst: 1,
    minimumPoll: 5,
    maximumPoll: 11,
    accuracyMs: 200,
    looksBehindHeader: false,
    obeysDenial: true,
  },
};
