/**
 * The database: the seed, and what has come to it since, which outlives a restart.
 *
 *     seed (--data, or made up) ──► tables ──► answers
 *     sessions ──► sessions.json   (written anew, then renamed)
 *     slices that were deleted ──► deletions.json   (likewise)
 */
import { z } from "zod";
import type { Host } from "../../host/host.ts";
import { replaceFile } from "../replace-file.ts";
import { macOf } from "../mac.ts";
import { dataSchema, numberInterfaces } from "./data.ts";
import type { Data, Node, Person, Slice } from "./data.ts";

const sessionsFile = "sessions.json";
const savedSessions = z.record(z.string(), z.int());
const deletionsFile = "deletions.json";
const savedDeletions = dataSchema.pick({ serial: true, deleted: true }).extend({ gone: z.array(z.int()) });
/** A node has one, so that there are never more than nodes. */
const sessionBytes = 32;

/** What it has yet to write is on the disk when it is disposed of. */
export interface Database extends AsyncDisposable {
  /** As it is now: slices may be deleted. */
  readonly data: Data;
  node(id: number): Node | undefined;
  nodeNamed(hostname: string): Node | undefined;
  nodesWithMac(mac: string): readonly Node[];
  person(email: string): Person | undefined;
  slice(idOrName: number | string): Slice | undefined;
  keysOf(person: number): readonly string[];
  /** From now on nobody has a key of this person's, and the list has the next serial: until PLC is started again. False if there was none. */
  revokeKeys(person: number): boolean;
  /** Their owners have done with them: with the next serial number they are gone, and every node that had them is told so until it has heard. */
  deleteSlices(names: readonly string[]): Promise<void>;
  /** The node has applied the document of this place. */
  hasApplied(node: number, place: Pick<Data, "epoch" | "serial">): void;
  /** A node has one session at a time: its new one ends the one before (PLC/Sessions.py, add_node). */
  addSession(node: number): Promise<string>;
  nodeOfSession(session: string): Node | undefined;
  /** Of a node, or of all. True if there was one; it is gone at once, and on the disk a little later. */
  revokeSessions(node?: number): boolean;
}

export async function openDatabase(host: Host, seed: Data): Promise<Database> {
  const deletions = await readDeletions(host);
  let data = { ...numberInterfaces(seed), ...(deletions !== undefined && withDeletions(seed, deletions)) };
  const gone = new Set(deletions?.gone);
  const nodes = new Map(data.nodes.map((node) => [node.id, node]));
  let keys = Map.groupBy(data.keys, ({ person }) => person);
  const sessions = new Map(Object.entries(await readSessions(host)));
  /** One after another, so that the last one written is the latest. */
  let saving: Promise<unknown> = Promise.resolve();
  const saveIn = async (file: string, value: object, options?: { readonly ownerOnly: boolean }): Promise<void> => {
    const text = JSON.stringify(value);
    saving = saving
      .then(() => replaceFile(host, file, text, options))
      .catch((error: unknown) => host.log("plc.save-failed", { why: String(error) }));
    await saving;
  };
  const save = (): Promise<void> => saveIn(sessionsFile, Object.fromEntries(sessions), { ownerOnly: true });
  const saveDeletions = (): Promise<void> =>
    saveIn(deletionsFile, { serial: data.serial, deleted: data.deleted, gone: [...gone] });

  return {
    get data() {
      return data;
    },
    node: (id) => nodes.get(id),
    nodeNamed: (hostname) => data.nodes.find((node) => node.hostname === hostname),
    nodesWithMac(mac) {
      const wanted = macOf(mac);
      return wanted === undefined
        ? []
        : data.nodes.filter((node) => node.interfaces.some((each) => macOf(each.mac) === wanted));
    },
    person: (email) => data.people.find((person) => person.email === email),
    slice: (wanted) => data.slices.find(({ id, name }) => id === wanted || name === wanted),
    keysOf: (person) => (keys.get(person) ?? []).map(({ value }) => value),
    revokeKeys(person) {
      if (!keys.has(person)) return false;
      data = { ...data, serial: data.serial + 1, keys: data.keys.filter((key) => key.person !== person) };
      keys = Map.groupBy(data.keys, (key) => key.person);
      host.log("plc.changed", { serial: data.serial });
      return true;
    },
    async deleteSlices(names) {
      const serial = data.serial + 1;
      const victims = data.slices.filter(({ name }) => names.includes(name));
      for (const { id } of victims) gone.add(id);
      data = {
        ...data,
        serial,
        slices: data.slices.filter((slice) => !victims.includes(slice)),
        deleted: [...data.deleted, ...victims.map(({ id, name, nodes: had }) => ({ id, name, serial, nodes: had }))],
      };
      host.log("plc.slices", { names: namesOf(data) });
      await saveDeletions();
    },
    hasApplied(node, { epoch, serial }) {
      const heard = data.deleted.filter((slice) => slice.serial <= serial && slice.nodes.includes(node));
      if (heard.length === 0 || epoch !== data.epoch) return;
      const left = data.deleted.map((slice) =>
        heard.includes(slice) ? { ...slice, nodes: slice.nodes.filter((id) => id !== node) } : slice,
      );
      data = { ...data, deleted: left.filter(({ nodes: others }) => others.length > 0) };
      host.log("plc.deletions-heard", { node, names: heard.map(({ name }) => name) });
      void saveDeletions();
    },
    async addSession(node) {
      const session = Buffer.from(host.random.bytes(sessionBytes)).toString("base64");
      for (const [old, of] of sessions) if (of === node) sessions.delete(old);
      sessions.set(session, node);
      await save();
      return session;
    },
    nodeOfSession(session) {
      const id = sessions.get(session);
      return id === undefined ? undefined : nodes.get(id);
    },
    revokeSessions(node) {
      const revoked = [...sessions].filter(([, of]) => node === undefined || of === node);
      for (const [session] of revoked) sessions.delete(session);
      if (revoked.length > 0) void save();
      return revoked.length > 0;
    },
    [Symbol.asyncDispose]: async () => void (await saving),
  };
}

/** What can't be read is no session of anybody's: the nodes get new ones. */
async function readSessions(host: Host): Promise<Readonly<Record<string, number>>> {
  const bytes = await host.files.read(sessionsFile).catch(() => undefined);
  if (bytes === undefined) return {};
  try {
    return savedSessions.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    host.log("plc.sessions-lost", {});
    return {};
  }
}

/** A database that has lost its deletions has its slices back: worse would be to start with none. */
async function readDeletions(host: Host): Promise<z.output<typeof savedDeletions> | undefined> {
  const bytes = await host.files.read(deletionsFile).catch(() => undefined);
  if (bytes === undefined) return undefined;
  try {
    return savedDeletions.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    host.log("plc.deletions-lost", {});
    return undefined;
  }
}

export const namesOf = ({ slices }: Pick<Data, "slices">): readonly string[] => slices.map(({ name }) => name).sort();

function withDeletions(
  seed: Data,
  { serial, deleted, gone }: z.output<typeof savedDeletions>,
): Pick<Data, "serial" | "deleted" | "slices"> {
  return { serial, deleted, slices: seed.slices.filter(({ id }) => !gone.includes(id)) };
}
