/** One server as a client knows it: when it is asked, what it has said lately, and whether it may be asked at all (RFC 5905, sections 9 and 13). */
import type { NtpPacket } from "../../faults/ntp/packet.ts";
import { unknownTime, type Timestamp } from "../../faults/ntp/timestamp.ts";
import { filtered } from "./filter.ts";
import type { Policy } from "./policy.ts";
import { judge, maximumDispersionMs, minimumDispersionMs, wanderPerMs, type Outcome, type Sample } from "./sample.ts";
import type { Candidate } from "./selection.ts";

export interface Association {
  readonly name: string;
  /** A request goes now. Returns its Transmit Timestamp. */
  asks(nonce: Timestamp, sentMs: number): void;
  hears(packet: NtpPacket, arrivedMs: number, atMs: number): Outcome;
  /** How many requests there were since the last good reply. */
  readonly unanswered: number;
  /** How long until the next request; undefined if it must not be asked any more. */
  readonly pauseMs: number | undefined;
  /** Undefined while it is of no use. */
  candidate(nowMs: number): Candidate | undefined;
  /** The own clock was slewed by so much: what was found out before is to be seen in this light. */
  corrected(milliseconds: number): void;
  /** All that it said was said of a clock that is gone. */
  forget(): void;
  /** When its best sample was taken. */
  newest(nowMs: number): number | undefined;
}

export interface AssociationOptions {
  readonly name: string;
  readonly policy: Policy;
  readonly ownPrecision: number;
  /** Always this, if it is given. */
  readonly pollMs: number | undefined;
  /** The own addresses, as reference identifiers: who follows one of them follows this client. */
  readonly ownReferenceIds: ReadonlySet<number>;
}

const burstGapMs = 2000;
/** PGATE and LIMIT of RFC 5905, appendix A.5.5.6: how much of the jitter an offset may be, and how long that must be so. */
const pollGate = 4;
const pollLimit = 30;

export function createAssociation(options: AssociationOptions): Association {
  const { name, policy, ownPrecision, ownReferenceIds } = options;
  let asked: { readonly nonce: Timestamp; readonly sentMs: number } | undefined;
  let lastTransmit: Timestamp = unknownTime;
  let packet: NtpPacket | undefined;
  let samples: readonly Sample[] = [];
  /** Eight bits: whether the latest requests were answered. */
  let reach = 0;
  let burst = policy.burst;
  let poll = policy.minimumPoll;
  let steady = 0;
  /** What a server has asked for (RATE), as an exponent. */
  let atLeast = policy.minimumPoll;
  let denied = false;
  let unanswered = 0;

  function pollMs(): number {
    return Math.max(options.pollMs ?? 1000 * 2 ** poll, atLeast > policy.minimumPoll ? 1000 * 2 ** atLeast : 0);
  }

  /** Longer as long as all is quiet, and shorter again when it is not. */
  function adaptPoll(jitterMs: number, offsetMs: number): void {
    const wrongByMs = Math.abs(offsetMs);
    if (policy.accuracyMs !== undefined) {
      const part = wrongByMs / policy.accuracyMs;
      if (part > 1) poll = policy.minimumPoll;
      else if (part < 0.25) poll = Math.min(policy.maximumPoll, poll + 1);
      else if (part > 0.75) poll = Math.max(policy.minimumPoll, poll - 1);
      return;
    }
    const isQuiet = wrongByMs < pollGate * Math.max(jitterMs, 1);
    steady += isQuiet ? poll : -2 * poll;
    const wanted = steady > pollLimit ? poll + 1 : steady < -pollLimit ? poll - 1 : poll;
    const next = Math.max(policy.minimumPoll, Math.min(policy.maximumPoll, wanted));
    // At either end it stays at its limit, so that what comes then is not outweighed by years of quiet.
    steady = next === poll ? Math.max(-pollLimit, Math.min(pollLimit, steady)) : 0;
    poll = next;
  }

  return {
    name,
    get unanswered() {
      return unanswered;
    },
    get pauseMs() {
      if (denied) return undefined;
      return burst > 0 ? Math.min(burstGapMs, pollMs()) : pollMs();
    },
    asks(nonce, sentMs) {
      asked = { nonce, sentMs };
      unanswered += 1;
      reach = (reach << 1) & 0xff;
      if (burst > 0) burst -= 1;
      // Nobody has answered for so long that it begins anew.
      if (reach === 0 && samples.length > 0) {
        samples = [];
        burst = policy.burst;
      }
    },
    hears(heard, arrivedMs, atMs) {
      const outcome = judge({
        packet: heard,
        asked: asked?.nonce,
        lastTransmit,
        sentMs: asked?.sentMs ?? 0,
        arrivedMs,
        atMs,
        ownPrecision,
        looksBehindHeader: policy.looksBehindHeader,
      });
      if (outcome.type === "rejected") return outcome;
      asked = undefined;
      if (outcome.type === "kiss") {
        if (outcome.code === "DENY" || outcome.code === "RSTR") denied = policy.obeysDenial;
        if (outcome.code === "RATE") {
          burst = 0;
          atLeast = Math.min(17, Math.max(atLeast, Math.ceil(Math.log2(pollMs() / 1000))) + 1);
        }
        return outcome;
      }
      unanswered = 0;
      lastTransmit = heard.transmit;
      packet = heard;
      reach |= 1;
      samples = [outcome.sample, ...samples].slice(0, policy.filter);
      const now = filtered(samples, policy.filter, atMs);
      if (burst === 0 && now !== undefined) adaptPoll(now.jitterMs, now.best.offsetMs);
      return outcome;
    },
    candidate(nowMs) {
      // What it has lost since the last of them came is added below.
      const now = filtered(samples, policy.filter, samples[0]?.atMs ?? nowMs);
      if (now === undefined || packet === undefined || reach === 0 || denied) return undefined;
      if (packet.stratum > 1 && ownReferenceIds.has(packet.referenceId)) return undefined;
      const { best, dispersionMs, jitterMs } = now;
      const distanceMs =
        Math.max(minimumDispersionMs, packet.rootDelayMs + best.delayMs) / 2 +
        packet.rootDispersionMs +
        Math.min(dispersionMs, maximumDispersionMs) +
        wanderPerMs * Math.max(0, nowMs - best.atMs) +
        jitterMs;
      if (distanceMs >= policy.maximumDistanceMs + wanderPerMs * pollMs()) return undefined;
      return { name, offsetMs: best.offsetMs, distanceMs, jitterMs, stratum: packet.stratum };
    },
    newest: (nowMs) => filtered(samples, policy.filter, nowMs)?.best.atMs,
    corrected(milliseconds) {
      samples = samples.map((sample) => ({ ...sample, offsetMs: sample.offsetMs - milliseconds }));
    },
    forget() {
      samples = [];
      unanswered = 0;
      asked = undefined;
      burst = policy.burst;
      poll = policy.minimumPoll;
      steady = 0;
    },
  };
}
