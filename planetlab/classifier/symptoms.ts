/**
 * What in a dump is not as it should be, and on which plane it began. A connection is looked at when it is over, and its first trouble counts: what a broken
 * transfer does to the document in it is no news.
 *
 *     lines ─┬─ look-ups
 *            ├─ connections, each from connect to close ──► symptoms
 *            ├─ documents that came whole
 *            └─ clocks, NTP, RPC
 */
import { numberOf, type Line } from "./line.ts";

export const faultClasses = [
  "dns-failure",
  "dns-silence",
  "dns-slow",
  "tcp-refused",
  "tcp-silence",
  "tcp-reset",
  "tcp-stall",
  "tcp-drip",
  "tcp-slow",
  "tls-certificate",
  "tls-handshake",
  "http-status",
  "http-truncated",
  "http-wrong-body",
  "document-corrupt",
  "document-format",
  "document-stale",
  "document-other-node",
  "document-bad-slice",
  "document-missing-slices",
  "clock-step",
  "plc-clock",
  "ntp-silence",
  "ntp-wrong-time",
  "rpc-intruder",
] as const;
export type FaultClass = (typeof faultClasses)[number];

export interface Symptom {
  readonly fault: FaultClass;
  /** On the node's monotonic clock, in milliseconds. */
  readonly at: number;
}

/** A resolver or a network that is well takes a small part of it. */
const slowMs = 150;
/** So much two clocks differ for other reasons: timestamps are cut to seconds, and documents take their time. */
const stepMs = 700;
const plcStepMs = 3000;
const ntpOffsetMs = 500;
/** An answer that takes longer does not come any more (NTP clients wait a second or so). */
const ntpPatienceMs = 5000;

export function symptomsOf(lines: readonly Line[]): readonly Symptom[] {
  return [
    ...lookUps(lines),
    ...connections(lines),
    ...documents(lines),
    ...clockSteps(lines),
    ...ntp(lines),
    ...intruders(lines),
  ];
}

const symptom = (fault: FaultClass, { at }: Line): Symptom => ({ fault, at });
const isOf = (plane: string, event: string) => (line: Line) => line.plane === plane && line.event === event;

function lookUps(lines: readonly Line[]): readonly Symptom[] {
  return lines.flatMap((line) => {
    if (line.plane !== "dns") return [];
    if (line.event === "failure")
      return [symptom(/TIME/.test(line.facts.get("code") ?? "") ? "dns-silence" : "dns-failure", line)];
    return (numberOf(line, "ms") ?? 0) > slowMs ? [symptom("dns-slow", line)] : [];
  });
}

/** Those that this node makes have a number. */
function connections(lines: readonly Line[]): readonly Symptom[] {
  const byId = Map.groupBy(lines, ({ facts, plane }) => (plane === "document" ? undefined : facts.get("id")));
  byId.delete(undefined);
  return [...byId.values()].flatMap((own) => {
    const fault = ofConnection(own);
    const last = own.at(-1);
    return fault === undefined || last === undefined ? [] : [symptom(fault, last)];
  });
}

function ofConnection(lines: readonly Line[]): FaultClass | undefined {
  const find = (plane: string, event: string): Line | undefined => lines.find(isOf(plane, event));
  const failure = find("tcp", "failure") ?? find("tls", "failure");
  if (failure !== undefined) return ofFailure(failure);
  const close = find("tcp", "close");
  if (close === undefined) return undefined;
  const by = close.facts.get("by") ?? "";
  if (by === "ECONNRESET" || by === "EPIPE") return "tcp-reset";
  const reply = find("http", "reply");
  const hasWaited = (numberOf(close, "idle_ms") ?? 0) > slowMs;
  if (reply === undefined) {
    // What had been answered for HTTP, and was not.
    if (find("http", "malformed") !== undefined) return "http-wrong-body";
    return by === "fin" ? "http-truncated" : "tcp-stall";
  }
  if (reply.facts.get("status") !== "200") return "http-status";
  const asked = find("http", "request")?.facts.get("accept") ?? "";
  const got = reply.facts.get("content-type");
  if (got !== undefined && /xml/.test(asked) && !/xml/.test(got)) return "http-wrong-body";
  const body = find("http", "body");
  const isShort = body !== undefined && (numberOf(body, "bytes") ?? 0) < (numberOf(body, "of") ?? 0);
  if (by === "ETIMEDOUT") return hasWaited ? "tcp-stall" : "tcp-drip";
  if (isShort) return by === "fin" ? "http-truncated" : "tcp-stall";
  // It came, and well: but how fast? What this node makes of it takes its own time, in which nothing comes any more.
  if (close.at - (numberOf(close, "idle_ms") ?? 0) - reply.at > slowMs) return "tcp-drip";
  const first = find("tcp", "connect");
  return first !== undefined && reply.at - first.at > slowMs ? "tcp-slow" : undefined;
}

function ofFailure(line: Line): FaultClass | undefined {
  const code = line.facts.get("code") ?? "";
  const isTls = line.plane === "tls";
  if (isTls && /CERT|ALTNAME|SELF_SIGNED|VERIFY|ISSUER/.test(code)) return "tls-certificate";
  if (isTls) return "tls-handshake";
  if (code === "ECONNREFUSED") return "tcp-refused";
  if (code === "ECONNRESET") return "tcp-reset";
  return /TIMEDOUT|UNREACH/.test(code) ? "tcp-silence" : undefined;
}

/** Of refusals, by what the Node Manager says before the first colon; a transfer that broke off has told its story already. */
const refusals: readonly (readonly [RegExp, FaultClass])[] = [
  [/^corrupted/, "document-corrupt"],
  [/^format/, "document-format"],
  [/^for another node/, "document-other-node"],
  [/^stale/, "document-stale"],
];

function documents(lines: readonly Line[]): readonly Symptom[] {
  let most = 0;
  let format: string | undefined;
  let clock: { readonly at: number; readonly timestamp: number } | undefined;
  const found: Symptom[] = [];
  for (const line of lines) {
    if (line.plane !== "document") continue;
    if (line.event === "malformed") {
      const why = line.facts.get("why") ?? "";
      const refusal = refusals.find(([pattern]) => pattern.test(why));
      if (refusal !== undefined) found.push(symptom(refusal[1], line));
    }
    if (line.event === "bad-slice" || line.event === "odd-field") found.push(symptom("document-bad-slice", line));
    if (line.event !== "read") continue;
    // A format that is read all the same, and was another one when all was well.
    format ??= line.facts.get("format");
    if (line.facts.get("format") !== format) found.push(symptom("document-format", line));
    const slices = numberOf(line, "slices") ?? 0;
    const deleted = numberOf(line, "deleted") ?? 0;
    if (isForUs(line) && slices + deleted < most) found.push(symptom("document-missing-slices", line));
    else if (isForUs(line)) most = deleted > 0 ? slices : Math.max(most, slices);
    const timestamp = numberOf(line, "timestamp");
    if (timestamp === undefined) continue;
    const gained = clock === undefined ? 0 : timestamp * 1000 - clock.timestamp - (line.at - clock.at);
    if (Math.abs(gained) > plcStepMs) found.push(symptom("plc-clock", line));
    clock = { at: line.at, timestamp: timestamp * 1000 };
  }
  return found;
}

/** Whole, and one whose kind is known: what is missing from another one was never in it. */
function isForUs({ facts }: Line): boolean {
  const [root, format] = [facts.get("root"), facts.get("format")];
  return root === "slices" && format?.startsWith("1.") === true && facts.get("transfer") === "ok";
}

function clockSteps(lines: readonly Line[]): readonly Symptom[] {
  return lines.flatMap((line, index) => {
    const before = lines[index - 1] ?? line;
    return Math.abs(line.wall - before.wall - (line.at - before.at)) > stepMs ? [symptom("clock-step", line)] : [];
  });
}

function ntp(lines: readonly Line[]): readonly Symptom[] {
  const [answers, now] = [lines.filter(isOf("ntp", "answer")), lines.at(-1)?.at ?? 0];
  const silences = lines.filter(isOf("ntp", "question")).flatMap((question) => {
    const isAnswered = answers.some(({ at }) => at >= question.at && at <= question.at + ntpPatienceMs);
    return isAnswered || now < question.at + ntpPatienceMs ? [] : [symptom("ntp-silence", question)];
  });
  const wrong = answers.filter((answer) => Math.abs(numberOf(answer, "offset_ms") ?? 0) > ntpOffsetMs);
  return [...silences, ...wrong.map((answer) => symptom("ntp-wrong-time", answer))];
}

/** Whoever connects and is gone, and has asked nothing; or called what is no call. Of whom one has not seen the coming, one knows nothing. */
function intruders(lines: readonly Line[]): readonly Symptom[] {
  const silent = new Set<string>();
  return lines.flatMap((line) => {
    const { plane, event, facts } = line;
    if (plane === "rpc" && event === "malformed") return [symptom("rpc-intruder", line)];
    const from = facts.get("from") ?? ownMachine;
    if (from === ownMachine) return [];
    if (event === "accept") silent.add(from);
    if (event === "gone" && silent.has(from)) return [symptom("rpc-intruder", line)];
    if (event !== "accept") silent.delete(from);
    return [];
  });
}

/** From there one comes by a Unix socket. */
const ownMachine = "here";
