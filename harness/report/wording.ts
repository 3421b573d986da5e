/** Events of a history in words, one short line each. */
import type { HistoryEvent } from "../history/event.ts";
import { roundedDuration, shorten } from "../judge/wording.ts";

const maximumLine = 140;

/** `12.3s`, counted from the beginning of the run. */
export function timeOf(at: number): string {
  return `${(at / 1000).toFixed(at < 100_000 ? 2 : 1)}s`;
}

export function wordEvent(event: HistoryEvent): string {
  return shorten(wordWhole(event).trim(), maximumLine);
}

function wordWhole(event: HistoryEvent): string {
  switch (event.event) {
    case "run.begin":
      return `run of ${event.plan} begins, seed ${event.seed}`;
    case "phase.begin":
      return `phase ${event.phase} begins`;
    case "phase.end":
      return `phase ${event.phase} ends: ${event.outcome}`;
    case "service.start":
      return `${event.service} starts`;
    case "service.ready":
      return `${event.service} is ready`;
    case "service.exit": {
      const how =
        event.signal === undefined ? `exits with code ${event.code ?? "unknown"}` : `is ended by SIG${event.signal}`;
      return `${event.service} ${how}${event.ordered ? ", as ordered" : ""}`;
    }
    case "clock.offset":
      return `${event.service}'s clock is off by ${event.offset}ms`;
    case "timekeeper.acts": {
      const { at: _at, event: _event, service, what, ...details } = event;
      return `${service}'s timekeeper: ${what} ${wordParameters(details)}`;
    }
    case "service.log":
      return `${event.service}: ${event.fields === undefined ? (event.line ?? "") : wordFields(event.fields)}`;
    case "probe":
      return `${event.name} = ${event.ok ? (JSON.stringify(event.value) ?? "ok") : `failed: ${event.error ?? ""}`}`;
    case "connection.open":
      return `${event.link}: connection ${event.connection} opens`;
    case "connection.close":
      return `${event.link}: connection ${event.connection} closes (${event.by}; ${event.upstream}B up, ${event.downstream}B down)`;
    case "http.request":
      return `${event.link}: ${event.method} ${event.path}`;
    case "http.reply":
      return `${event.link}: ${event.method} ${event.path} → ${event.status} (${event.bytes}B)`;
    case "http.unreadable":
      return `${event.link}: ${event.method} ${event.path} → no HTTP: ${event.reason}`;
    case "tls.handshake":
      return `${event.link}: TLS for ${event.servername ?? "nobody in particular"}, connection ${event.connection}: ${event.outcome}`;
    case "dns.query":
      return `${event.link}: DNS query of ${event.connection} over ${event.transport}: ${event.message}`;
    case "dns.reply":
      return `${event.link}: DNS reply to ${event.connection} over ${event.transport}${event.source === undefined ? "" : `, from another ${event.source}`}${event.length === undefined ? "" : `, whose length says ${event.length} bytes`}: ${event.message}`;
    case "ntp.request":
      return `${event.link}: NTP request ${event.request} of ${event.connection}: ${event.packet}`;
    case "ntp.reply":
      return `${event.link}: NTP reply to ${event.request ?? "nobody"} of ${event.connection}${event.fromElsewhere === true ? ", from elsewhere" : ""}: ${event.packet}`;
    case "datagram.lost":
      return `${event.link}: a datagram is lost on its way ${event.direction} (${event.why})`;
    case "fault.inject": {
      const late = event.late > 1 ? `, ${roundedDuration(event.late)} late` : "";
      return `fault ${event.step}: ${event.kind} on ${event.where.join(", ")} ${wordParameters(event.parameters)}${late}`;
    }
    case "fault.hit":
      return `fault ${event.step} hits ${event.where} ${wordParameters(event.detail)}`;
    case "fault.lift":
      return `fault ${event.step} lifted`;
    case "run.trouble":
      return `trouble: ${event.reason}`;
    case "run.late":
      return `the harness itself stood still for ${roundedDuration(event.by)}`;
    case "run.abort":
      return `the plan aborts: ${event.reason}`;
    case "run.end":
      return "run ends";
    default:
      return event satisfies never;
  }
}

function wordFields({ event, ...fields }: Readonly<Record<string, unknown>>): string {
  return `${String(event)} ${wordParameters(fields)}`;
}

function wordParameters(parameters: Readonly<Record<string, unknown>>): string {
  const entries = Object.entries(parameters).map(
    ([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  return entries.join(" ");
}
