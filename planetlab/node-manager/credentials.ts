/**
 * How PLC knows that this node calls: by a session that it has given, which lies in a file, and by the node's key when there is none (reference 1.3).
 *
 *     session ──call──► answered
 *        ▲         └──► 103 ──GetSession, signed with the key──► new session ──► the same call once more
 *        └──────────────────────────────────────────────────────────┘
 *
 * A node has one session at a time: a GetSession whose answer is lost has ended the one before, and only the next call tells. So a session that PLC does not
 * take is not an end of anything, and its file is replaced only by one that has come.
 */
import { z } from "zod";
import type { Host, Log } from "../../host/host.ts";
import { hmacOf } from "../hmac.ts";
import type { XmlRpcValue } from "../xml-rpc.ts";
import { ApiFault, notAuthenticated, type PlcApi } from "./api.ts";
import type { Config } from "./config.ts";
import { FetchError } from "./fetch.ts";

const sessionSchema = z.object({ node_id: z.int(), session: z.string().min(1).max(1000) });
type Session = z.output<typeof sessionSchema>;

export interface Credentials {
  /** Takes the session that was kept, if there is one. */
  load(): Promise<void>;
  /** Calls as this node. @throws {FetchError}, also for what PLC refuses, and the signal's reason. */
  call(method: string, params: readonly XmlRpcValue[], signal: AbortSignal): Promise<XmlRpcValue>;
  /** Calls as whoever has this id, by this node's key. @throws {ApiFault, FetchError} and the signal's reason. */
  callByKey(id: number, method: string, params: readonly XmlRpcValue[], signal: AbortSignal): Promise<XmlRpcValue>;
  report(): { readonly session: boolean; readonly renewed: number; readonly refused: string | null };
}

interface CredentialsOptions {
  readonly log: Log;
  readonly api: PlcApi;
  readonly nodeId: () => number | undefined;
}

export function createCredentials(
  host: Host,
  { guards, key, sessionFile }: Pick<Config, "guards" | "key" | "sessionFile">,
  { log, api, nodeId }: CredentialsOptions,
): Credentials {
  let session: Session | undefined;
  let renewed = 0;
  let refused: string | null = null;
  const isLost = guards.has("renew-lost-session")
    ? (error: unknown) => error instanceof ApiFault && error.code === notAuthenticated
    : () => false;

  const own = (): number => {
    const id = nodeId();
    if (id === undefined) throw new FetchError("denied", "this node does not know who it is");
    return id;
  };
  const callByKey: Credentials["callByKey"] = (id, method, params, signal) =>
    api.call(method, [{ AuthMethod: "hmac", node_id: id, value: hmacOf({ key }, params) }, ...params], signal);
  const callBySession = (method: string, params: readonly XmlRpcValue[], signal: AbortSignal): Promise<XmlRpcValue> =>
    api.call(method, [{ AuthMethod: "session", session: session?.session ?? "" }, ...params], signal);

  const unkept = (error: unknown): undefined => log("session.unkept", { why: String(error) }) as undefined;
  /** The file that the new session will stand in is opened first: what is wrong with the disk is told before PLC ends the old session. */
  const renew = async (signal: AbortSignal): Promise<void> => {
    const id = own();
    const target = guards.has("keep-session") ? `${sessionFile}.new` : sessionFile;
    const file = await host.files.open(target, "write", { ownerOnly: true }).catch(unkept);
    try {
      const got = await callByKey(id, "GetSession", [], signal);
      if (typeof got !== "string" || got === "") throw new FetchError("denied", "what PLC gave is no session");
      session = { node_id: id, session: got };
      renewed += 1;
      log("session.renewed", { node_id: id });
      await file
        ?.write(`${JSON.stringify(session)}\n`)
        .then(() => file.sync())
        .catch(unkept);
    } finally {
      await file?.[Symbol.asyncDispose]();
    }
    if (file !== undefined && target !== sessionFile) await host.files.rename(target, sessionFile).catch(unkept);
  };
  const answer = async (method: string, params: readonly XmlRpcValue[], signal: AbortSignal): Promise<XmlRpcValue> => {
    if (session?.node_id !== own()) await renew(signal);
    try {
      return await callBySession(method, params, signal);
    } catch (error) {
      if (!isLost(error)) throw error;
      log("session.lost", { why: String(error) });
    }
    await renew(signal);
    return callBySession(method, params, signal);
  };

  return {
    callByKey,
    async load() {
      session = await readSession(host, sessionFile);
    },
    async call(method, params, signal) {
      try {
        const value = await answer(method, params, signal);
        refused = null;
        return value;
      } catch (error) {
        if (!(error instanceof ApiFault)) throw error;
        refused = error.message;
        throw new FetchError("denied", `PLC refuses: ${error.message}`, { cause: error });
      }
    },
    report: () => ({ session: session !== undefined, renewed, refused }),
  };
}

/** What can't be read is none: the key gets a new one. */
async function readSession(host: Host, path: string): Promise<Session | undefined> {
  const bytes = await host.files.read(path).catch(() => undefined);
  try {
    return bytes === undefined ? undefined : sessionSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return undefined;
  }
}
