/**
 * What has happened, for `status`: told from the log's lines, so that no room has to keep account of what it has told already.
 *
 *     log lines ──► the last good document, the last error, how often each kind, what has been refused since and why
 */
import type { Clock, Log } from "../../host/host.ts";
import type { XmlRpcValue } from "../xml-rpc.ts";

export interface Record {
  readonly hear: Log;
  report(): { readonly [member: string]: XmlRpcValue };
}

type Fields = Readonly<{ [field: string]: unknown }>;

interface Trouble {
  readonly kind: string;
  readonly why: string;
}

/** Lines that tell of trouble, and what kind of it. */
const troubles: Readonly<{ [event: string]: (fields: Fields) => Trouble | undefined }> = {
  "fetch.end": ({ outcome, why }) =>
    outcome === "ok" ? undefined : { kind: `fetch ${String(outcome)}`, why: textOf(why ?? outcome) },
  "node.id-unasked": ({ outcome, why }) => ({ kind: `identity ${textOf(outcome)}`, why: textOf(why) }),
  "node.id-refused": ({ why }) => ({ kind: "identity doubted", why: textOf(why) }),
  // What a refusal is about stands before its first colon.
  "document.refused": ({ why }) => ({ kind: `document ${textOf(why).split(":", 1)[0] ?? ""}`, why: textOf(why) }),
  "conf.end": ({ name, outcome, why }) =>
    outcome === "ok" ? undefined : { kind: "conf file", why: `${textOf(name)}: ${textOf(why ?? outcome)}` },
  "slice.frozen": ({ name, why }) => ({ kind: "slice frozen", why: `${textOf(name)}: ${textOf(why)}` }),
  "module.failed": ({ module, why }) => ({ kind: `module ${textOf(module)}`, why: textOf(why) }),
  "name.lost": ({ why }) => ({ kind: "name lost", why: textOf(why) }),
  "sliver.failed": ({ name, why }) => ({ kind: "sliver failed", why: `${textOf(name)}: ${textOf(why)}` }),
  "state.save.failed": ({ why }) => ({ kind: "state not saved", why: textOf(why) }),
  "state.corrupt": ({ why }) => ({ kind: "state corrupt", why: textOf(why) }),
};
/** Kinds are few, but for those that a server could make up. */
const mostKinds = 50;
const longestWhy = 300;

export function createRecord(clock: Pick<Clock, "monotonic">): Record {
  const counts = new Map<string, number>();
  let last: (Trouble & { readonly at: number }) | undefined;
  let good: { readonly fields: Fields; readonly at: number } | undefined;
  let refused: { readonly count: number; readonly why: string } | undefined;
  let collected = 0;
  const age = (at: number): number => Math.round(clock.monotonic() - at);

  const count = (trouble: Trouble): void => {
    last = { ...trouble, at: clock.monotonic() };
    if (counts.has(trouble.kind) || counts.size < mostKinds)
      counts.set(trouble.kind, (counts.get(trouble.kind) ?? 0) + 1);
  };
  return {
    hear(event, fields = {}) {
      const trouble = troubles[event]?.(fields);
      if (trouble !== undefined) count(trouble);
      if (event === "document.refused") refused = { count: (refused?.count ?? 0) + 1, why: textOf(fields["why"]) };
      if (event === "resources.collected") collected += 1;
      if (event !== "document.applied") return;
      good = { fields, at: clock.monotonic() };
      refused = undefined;
    },
    report: () => ({
      last_good: good === undefined ? null : { ...documentOf(good.fields), age_ms: age(good.at) },
      last_error: last === undefined ? null : { kind: last.kind, why: last.why, age_ms: age(last.at) },
      errors: Object.fromEntries(counts),
      refused_since: refused === undefined ? null : { ...refused },
      collected,
    }),
  };
}

function documentOf(fields: Fields): { readonly [member: string]: XmlRpcValue } {
  const numbers = ["epoch", "serial", "slices", "frozen"].map((name) => [name, numberOf(fields[name])] as const);
  return { version: textOf(fields["format"]), ...Object.fromEntries(numbers) };
}

function numberOf(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}

function textOf(value: unknown): string {
  return (typeof value === "string" ? value : "").slice(0, longestWhy);
}
