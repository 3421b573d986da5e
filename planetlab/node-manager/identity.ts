/**
 * Who this node is: a number that PLC gave to it, and nothing else (paper 3.2). Names and addresses are what others call it, and they change, lie, and are
 * given twice; so nothing here asks them, and no look-up of this node's own name or address is ever made.
 *
 *     --node-id ────────────────────────────────────────► id
 *     id file, kept on this machine (MAC) ──────────────► id ──── another answer ──► node.renumbered, or refused
 *     no file, a bad one, or another machine's ── PLC by MAC ──┘
 *
 * After a renumbering everything stays as it is until what PLC wants on the new id is confirmed: several documents in a row that want the same.
 */
import type { Host, Log } from "../../host/host.ts";
import { isStruct, type XmlRpcValue } from "../xml-rpc.ts";
import { macOf } from "../mac.ts";
import { ApiFault, type PlcApi } from "./api.ts";
import type { Config } from "./config.ts";
import type { Credentials } from "./credentials.ts";
import { FetchError } from "./fetch.ts";
import { keepId, readId, type KeptId } from "./id-file.ts";

export interface Identity {
  /** Undefined as long as nobody knows. */
  nodeId(): number | undefined;
  /** What was kept, as far as it is this machine's. @throws {Error} if the file makes no sense, and that is not tolerated. */
  load(): Promise<void>;
  /** Asks PLC, if there is something to ask. @throws {FetchError} if nobody knows who this node is, and the signal's reason. */
  settle(signal: AbortSignal): Promise<number>;
  /** A document for this node wants these slices: false if the id is so new that slivers must not go for it yet. */
  confirm(slices: readonly string[]): Promise<boolean>;
  report(): Readonly<Record<string, XmlRpcValue>>;
}

export interface IdentityOptions {
  readonly log: Log;
  readonly api: PlcApi;
  readonly credentials: Pick<Credentials, "callByKey">;
}

type IdentityConfig = Pick<Config, "guards" | "confirmations" | "nodeId" | "mac" | "hostname" | "idFile">;

/** PLC's answer is not believed. */
class IdentityError extends Error {
  override readonly name = "IdentityError";
}

export function createIdentity(
  host: Host,
  config: IdentityConfig,
  { log, api, credentials }: IdentityOptions,
): Identity {
  const { guards, confirmations, hostname, idFile } = config;
  const canonical = guards.has("canonical-mac") ? (text: string) => macOf(text) ?? text : (text: string) => text;
  const mac = config.mac === undefined ? undefined : canonical(config.mac);
  let id = config.nodeId;
  /** Of the id that was known last, be it another machine's. */
  let before: number | undefined;
  let renumberedFrom: number | undefined;
  let wanted = "";
  let alike = 0;
  let refused: string | null = null;

  const isOwn = guards.has("mac-binds-id") ? (kept: KeptId) => canonical(kept.mac) === mac : () => true;

  const take = (kept: KeptId): void => {
    before = kept.id;
    if (!isOwn(kept)) return log("node.moved", { node_id: kept.id, mac: kept.mac });
    ({ id, renumberedFrom } = kept);
    log("node.identified", { node_id: id });
  };
  const readOwn = async (): Promise<void> => take(await readId(host, idFile));
  const readOrAsk = (): Promise<void> =>
    readOwn().catch((error: unknown) => log("node.id-unread", { why: String(error) }));
  const load = guards.has("tolerate-bad-id-file") ? readOrAsk : readOwn;

  const keep = async (): Promise<void> => {
    if (id === undefined || mac === undefined) return;
    await keepId(host, idFile, { id, mac, renumberedFrom }).catch((error: unknown) =>
      log("node.id-unkept", { why: String(error) }),
    );
  };
  const become = async (told: number): Promise<void> => {
    const from = before !== undefined && before !== told ? before : undefined;
    [id, before, refused] = [told, told, null];
    log("node.identified", { node_id: told });
    if (from !== undefined) {
      renumberedFrom = told === renumberedFrom ? undefined : (renumberedFrom ?? from);
      [wanted, alike] = ["", 0];
      log("node.renumbered", { from, to: told });
    }
    await keep();
  };

  /** PLC has this node's key under that id, and this MAC address there, and not under the old one as well. */
  const requireSole = async (told: number, signal: AbortSignal): Promise<void> => {
    try {
      await credentials.callByKey(told, "AuthCheck", [], signal);
    } catch (cause) {
      if (!(cause instanceof ApiFault)) throw cause;
      throw new IdentityError(`${told} is another node's: PLC does not take this node's key for it`, { cause });
    }
    const ids = before === undefined ? [told] : [told, before];
    const rows = await credentials.callByKey(told, "GetInterfaces", [{ node_id: ids }, ["node_id", "mac"]], signal);
    const owners = (Array.isArray(rows) ? (rows as readonly XmlRpcValue[]) : [])
      .filter(isStruct)
      .filter((row) => typeof row["mac"] === "string" && canonical(row["mac"]) === mac)
      .flatMap(({ node_id: owner }) => (typeof owner === "number" ? [owner] : []));
    if (owners.length === 1 && owners[0] === told) return;
    throw new IdentityError(
      `${mac} is the MAC address of ${owners.length === 0 ? "no node" : `nodes ${owners.join(", ")}`}`,
    );
  };
  const requireOne = guards.has("refuse-duplicate-mac") ? requireSole : async () => undefined;

  const ask = async (signal: AbortSignal): Promise<void> => {
    const told = await api.call("GetNodeID", [guards.has("id-by-mac") ? (mac ?? null) : null, hostname], signal);
    if (typeof told !== "number" || told < 1) throw new IdentityError("what PLC says is no id");
    if (told === id) return;
    await requireOne(told, signal);
    await become(told);
  };
  const refuse = (why: string): void => {
    if (refused !== why) log("node.id-refused", { why });
    refused = why;
  };
  const askAndTell = async (signal: AbortSignal): Promise<string | undefined> => {
    try {
      await ask(signal);
      return undefined;
    } catch (error) {
      if (error instanceof IdentityError || error instanceof ApiFault) refuse(error.message);
      else if (error instanceof FetchError) log("node.id-unasked", { outcome: error.outcome, why: error.message });
      else throw error;
      return error.message;
    }
  };

  const confirm = async (slices: readonly string[]): Promise<boolean> => {
    if (renumberedFrom === undefined) return true;
    const list = slices.toSorted().join(" ");
    alike = list === wanted ? alike + 1 : 1;
    wanted = list;
    if (alike < confirmations) {
      log("node.unconfirmed", { from: renumberedFrom, to: id, documents: alike, of: confirmations });
      return false;
    }
    renumberedFrom = undefined;
    log("node.confirmed", { node_id: id });
    await keep();
    return true;
  };

  return {
    nodeId: () => id,
    load: mac === undefined ? async () => log("node.identified", { node_id: id }) : load,
    async settle(signal) {
      let why: string | undefined;
      const isOpen = id === undefined || guards.has("ask-who-i-am-again");
      if (mac !== undefined && isOpen) why = await askAndTell(signal);
      if (id !== undefined) return id;
      log("node.unknown", { why });
      throw new FetchError("denied", `nobody knows who this node is: ${why ?? ""}`);
    },
    confirm: guards.has("confirm-renumbering") ? confirm : async () => true,
    report: () => ({
      node_id: id ?? null,
      mac: mac ?? null,
      renumbered_from: renumberedFrom ?? null,
      documents_alike: alike,
      refused,
    }),
  };
}
