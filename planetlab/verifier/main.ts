/**
 * Verifies from outside that the system is globally consistent (paper 3.1): compares what PLC's database wants on each node with what the node says is there.
 *
 *     PLC ── GetSlivers ──┐
 *                         ├──► verifier ──► divergences, each when it is first seen and when it is gone
 *     node ─ dump_state ──┘
 *
 *     --plc plc.test:443
 *     --user root@plc.test --password root
 *     --nodes 42=node.test:812,43=…        the nodes that it looks at
 *     --every 1m                           from one look to the next
 *     --timeout 5s                         for one call
 *     --patience 20m                       how far a node may be behind
 */
import { ArgumentError, readFlags } from "../../host/arguments.ts";
import type { Address, Host } from "../../host/host.ts";
import { callOnce } from "../agent/call.ts";
import { addressOf, client } from "../client.ts";
import { compare, lead, stateSchema, wantedSchema, type Divergence, type State, type Wanted } from "./compare.ts";
import { createGuards, type Guards } from "./guards.ts";
import { toldBy, toldByNode } from "./told.ts";

interface Config {
  readonly plc: Address;
  readonly user: string;
  readonly password: string;
  readonly nodes: readonly { readonly id: number; readonly address: Address }[];
  readonly everyMs: number;
  readonly timeoutMs: number;
  readonly patienceMs: number;
  readonly guards: Guards;
}

export const main = client(readConfig, verifyForEver);

function readConfig(args: readonly string[]): Config {
  const flags = readFlags(args, ["plc", "user", "password", "nodes", "every", "timeout", "patience", "without"]);
  return {
    plc: addressOf("plc", flags.text("plc", "plc.test:443")),
    user: flags.text("user", "root@plc.test"),
    password: flags.text("password", "root"),
    nodes: flags.text("nodes", "42=node.test:812").split(",").map(nodeOf),
    everyMs: flags.duration("every", "1m"),
    timeoutMs: flags.duration("timeout", "5s"),
    patienceMs: flags.duration("patience", "20m"),
    guards: createGuards(flags.list("without")),
  };
}

function nodeOf(text: string): Config["nodes"][number] {
  const { id, address } = /^(?<id>\d{1,9})=(?<address>.+)$/.exec(text)?.groups ?? {};
  if (id === undefined || address === undefined)
    throw new ArgumentError(`--nodes ${text}: write a node's id and where it is, such as 42=node.test:812`);
  return { id: Number(id), address: addressOf("nodes", address) };
}

async function verifyForEver(host: Host, config: Config, signal: AbortSignal): Promise<void> {
  const looks = config.nodes.map(({ id, address }) => createLook(host, config, { id, address, signal }));
  while (!signal.aborted) {
    await Promise.all(looks.map((look) => look()));
    await host.clock.sleep(config.everyMs, { signal }).catch(() => undefined);
  }
}

/** One node, again and again. */
function createLook(
  host: Host,
  config: Config,
  { id, address, signal }: Config["nodes"][number] & { readonly signal: AbortSignal },
): () => Promise<void> {
  const { guards, patienceMs, plc, timeoutMs, everyMs } = config;
  let known = new Map<string, Divergence>();
  let late: number | undefined;
  /** What PLC has said last, and since when it is known to say so. */
  let published: { readonly place: string; readonly at: number } | undefined;

  const askPlc = async (): Promise<Wanted> => {
    const auth = { AuthMethod: "password", Username: config.user, AuthString: config.password };
    const asking = { node: plc, path: "/PLCAPI/", tls: true, timeoutMs, everyMs };
    const reply = await callOnce(host, asking, { method: "GetSlivers", params: [auth, id] }, signal);
    const wanted = toldBy("PLC", reply, wantedSchema);
    const place = `${wanted.epoch}.${wanted.serial}`;
    if (published?.place !== place) published = { place, at: host.clock.monotonic() };
    return wanted;
  };
  const askNode = async (): Promise<State> => {
    const reply = await callOnce(
      host,
      { node: address, timeoutMs, everyMs },
      { method: "dump_state", params: [] },
      signal,
    );
    return toldByNode(reply, stateSchema);
  };
  /** PLC may publish anew between the two questions; so it is asked before and after, and what was the same both times counts. */
  const look = async (): Promise<readonly Divergence[] | undefined> => {
    await askPlc();
    const before = published;
    const unchangedMs = host.clock.monotonic() - (before?.at ?? 0);
    const state = await askNode();
    const wanted = await askPlc();
    if (before !== published) return undefined;
    const ahead = lead(state, wanted, unchangedMs);
    if (ahead === 0) late = undefined;
    else late ??= host.clock.monotonic();
    const isStale = late !== undefined && host.clock.monotonic() - late > patienceMs;
    const by = state.place === null ? "by an unknown number" : `by ${Math.abs(ahead)}`;
    const stale: readonly Divergence[] = isStale ? [{ kind: "stale", name: by }] : [];
    if (guards.has("same-serial") && ahead !== 0) return stale;
    return [...stale, ...compare(wanted, state)];
  };
  const tell = (found: readonly Divergence[]): void => {
    const now = new Map(found.map((each) => [`${each.kind} ${each.name}`, each]));
    for (const [key, each] of now) if (!known.has(key)) host.log("verifier.divergence", { node: id, ...each });
    for (const [key, each] of known) if (!now.has(key)) host.log("verifier.resolved", { node: id, ...each });
    known = now;
    host.log("verifier.look", { node: id, divergences: now.size });
  };
  return async () => {
    try {
      const found = await look();
      if (found !== undefined) tell(found);
    } catch (error) {
      if (signal.aborted) return;
      host.log("verifier.unanswered", { node: id, why: error instanceof Error ? error.message : String(error) });
    }
  };
}
