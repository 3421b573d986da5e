/**
 * What becomes of a document: which slices it wants here, which slivers may go for it, and then the deed.
 *
 *     transfer ─► document ─► checks ─► slices, odd fields and bad ones left as they were ─► failsafe ─► slivers
 *                               └─► of a format that nobody here knows: held
 */
import type { Clock, Log } from "../../host/host.ts";
import type { ConfFiles } from "./conf-files.ts";
import type { Config } from "./config.ts";
import {
  checkDocument,
  DocumentError,
  FormatError,
  readDocument,
  slicesOfNode,
  type BadSlice,
  type Document,
  type Place,
} from "./document.ts";
import { factsOf } from "./dump-document.ts";
import type { Dump, Facts } from "./dump.ts";
import type { Failsafe } from "./failsafe.ts";
import { FetchError, type Transfer } from "./fetch.ts";
import type { HeldDocument } from "./held.ts";
import type { Identity } from "./identity.ts";
import type { Newest } from "./newest.ts";
import { isInstantiated, SliceError, type OddField, type Slice } from "./slice.ts";
import type { Slivers } from "./slivers.ts";

/** What is wanted of the node, as of the last good document. */
export interface Knowledge {
  applied: number;
  place: Place | undefined;
  slices: readonly Slice[];
}

export interface Applier {
  /** `askedMs`: how long ago PLC was asked for it. @throws {DocumentError, FormatError, SliceError, FetchError} if it is not to be used. */
  use(transfer: Transfer, askedMs: number): Promise<void>;
  /** The one that an older Node Manager has kept, if there is one. @throws as `use` */
  useHeld(): Promise<void>;
  lastAppliedMs(): number | null;
  /** Of the last document that was applied and had one. */
  place(): Place | undefined;
  last(): Applied;
}

/** What is known of the last document that was applied. */
export interface Applied {
  /** If it had one: that of 2004 has none. */
  readonly place: Place | undefined;
  /** At most so long ago it was what PLC said. Undefined: that was before this start, or nobody knows. */
  readonly ageMs: number | undefined;
}

interface ApplierOptions {
  readonly log: Log;
  readonly dump: Dump;
  readonly knowledge: Knowledge;
  readonly identity: Pick<Identity, "nodeId" | "confirm">;
  readonly slivers: Slivers;
  /** Of the documents that have no place. */
  readonly newest: Newest;
  readonly confFiles: ConfFiles;
  readonly failsafe: Failsafe;
  readonly held: HeldDocument;
  /** The time of it is over: it is not wanted any more, whatever documents say. */
  readonly isOver: (slice: Slice) => boolean;
  /** A document that is to be believed has this time on it, and was asked for so long ago. */
  readonly onTimestamp: (timestampMs: number, askedMs: number) => void;
  /** Slivers are about to be destroyed: what is remembered must not be lost on the way. */
  readonly beforeLoss: () => Promise<void>;
  /** What is wanted has changed. */
  readonly onApplied: () => Promise<void>;
}

/** With slivers, as long as they do what the last document wanted. */
const patienceMs = 1000;

export function createApplier(
  clock: Clock,
  config: Pick<Config, "guards" | "formatMajor">,
  options: ApplierOptions,
): Applier {
  const { log, dump, knowledge, slivers, failsafe, held, isOver, onTimestamp, beforeLoss, onApplied } = options;
  const { identity, newest, confFiles } = options;
  const { guards, formatMajor } = config;
  let lastApplied: number | null = null;
  /** `said`: PLC did so then, or later. */
  let last: { readonly place: Place | undefined; readonly said: number | undefined } | undefined;

  const whose = (): number => {
    const id = identity.nodeId();
    if (id === undefined) throw new DocumentError("nobody knows who this node is");
    return id;
  };

  const readChecked = async (transfer: Pick<Transfer, "bytes" | "outcome">): Promise<Document> => {
    const document = readDocument(transfer, formatMajor);
    dump.line("document", "read", factsOf(document));
    try {
      checkDocument(document, { guards, nodeId: whose(), last: knowledge.place, newest: formatMajor });
      newest.check(document);
    } catch (error) {
      if (error instanceof FormatError) {
        log("format.unsupported", { format: document.format, root: document.root });
        await held.keep(transfer.bytes, error.message);
      }
      throw error;
    }
    return document;
  };

  const useDocument = async (document: Document, said: number | undefined): Promise<void> => {
    await confFiles.update(document.confFiles);
    const { good, bad, odd } = slicesOfNode(document, { nodeId: whose(), guards, known: knowledge.slices });
    for (const { name, why } of bad) {
      log("slice.frozen", { name, why });
      dump.line("document", "bad-slice", { name, why });
    }
    for (const fields of Map.groupBy(odd, ({ field }) => field).values()) {
      log("field.refused", inOneLine(fields));
      dump.line("document", "odd-field", inOneLine(fields));
    }
    const told = [...good, ...frozenSlices(bad, knowledge.slices)];
    const wanted = told.filter((slice) => isInstantiated(slice) && !isOver(slice));
    const listed = [...wanted, ...bad];
    const isConfirmed = await identity.confirm(listed.map(({ name }) => String(name)));
    const gone = isConfirmed ? goneFor(document, listed) : new Set<string>();
    const kept = knowledge.slices.filter(({ name }) => !gone.has(name) && !wanted.some((slice) => slice.name === name));
    if (gone.size > 0) await beforeLoss();
    await apply(wanted, gone);
    knowledge.applied += 1;
    knowledge.slices = [...wanted, ...kept];
    const place = placeOf(document);
    knowledge.place = place ?? knowledge.place;
    last = { place, said };
    newest.take(document);
    lastApplied = clock.monotonic();
    log("document.applied", {
      source: said === undefined ? "held" : "plc",
      slices: good.length,
      frozen: bad.length,
      held: kept.length,
      format: document.format,
      epoch: document.epoch,
      serial: document.serial,
    });
    await held.drop();
    await onApplied();
  };

  /** Of what is there: what is not wanted, and whose time was over, or to which the failsafe has no objection. */
  const goneFor = ({ deleted }: Document, listed: readonly { readonly name: unknown }[]): ReadonlySet<string> => {
    const present = new Set([...slivers.names(), ...knowledge.slices.map(({ name }) => name)]);
    const missing = present.difference(new Set(listed.map(({ name }) => name)));
    const over = knowledge.slices.filter((slice) => missing.has(slice.name) && isOver(slice)).map(({ name }) => name);
    const doubtful = missing.difference(new Set(over));
    return new Set([...over, ...failsafe.judge({ present: [...present], missing: [...doubtful], deleted })]);
  };

  const attemptApart = async (name: string, action: () => Promise<void>): Promise<void> => {
    await action().catch((error: unknown) => log("sliver.failed", { name, why: String(error) }));
  };
  const attempt = guards.has("sliver-errors-apart")
    ? attemptApart
    : (_name: string, action: () => Promise<void>): Promise<void> => action();
  /** A sliver that can't be made or removed is that slice's trouble alone; the next document tries again. */
  const apply = async (wanted: readonly Slice[], gone: ReadonlySet<string>): Promise<void> => {
    const unwanted = slivers.names().filter((name) => gone.has(name));
    slivers.finishTeardowns();
    const work = Promise.all([
      ...unwanted.map((name) => attempt(name, () => slivers.destroy(name))),
      ...wanted.map((slice) => attempt(slice.name, () => slivers.ensure(slice))),
    ]);
    log("slivers.work", slivers.work());
    await patiently(work);
  };
  /** What takes longer goes on while the loop goes round. */
  const patiently = async (work: Promise<unknown>): Promise<void> => {
    const enough = Promise.withResolvers<void>();
    using timer = guards.has("making-aside") ? clock.timer(patienceMs, enough.resolve) : undefined;
    void timer;
    await Promise.race([work, enough.promise]);
  };

  const use = async (
    transfer: Pick<Transfer, "bytes" | "outcome">,
    { askedMs, keptMs = 0 }: { readonly askedMs?: number; readonly keptMs?: number } = {},
  ): Promise<void> => {
    const said = askedMs === undefined ? undefined : clock.monotonic() - askedMs - keptMs;
    try {
      const document = await readChecked(transfer);
      if (document.timestamp !== undefined && askedMs !== undefined) onTimestamp(document.timestamp * 1000, askedMs);
      await useDocument(document, said);
    } catch (error) {
      if (isRefusal(error)) dump.malformed("document", error.message, transfer.bytes);
      throw error;
    }
  };

  return {
    use: (transfer, askedMs) => use(transfer, { askedMs, keptMs: transfer.keptMs }),
    async useHeld() {
      const bytes = await held.read();
      if (bytes === undefined || identity.nodeId() === undefined) return;
      try {
        await use({ bytes, outcome: "ok" });
      } catch (error) {
        // Whatever else is wrong with it, time does not mend it.
        if (!(error instanceof FormatError)) await held.drop();
        throw error;
      }
    },
    place: () => knowledge.place,
    last() {
      if (last === undefined) return { place: knowledge.place, ageMs: undefined };
      const { place, said } = last;
      return { place, ageMs: said === undefined ? undefined : Math.ceil(clock.monotonic() - said) };
    },
    lastAppliedMs: () => (lastApplied === null ? null : Math.round(clock.monotonic() - lastApplied)),
  };
}

function placeOf({ epoch, serial }: Document): Place | undefined {
  return epoch === undefined || serial === undefined ? undefined : { epoch, serial };
}

/** A document that is not used, and changes nothing: no bug. */
export function isRefusal(error: unknown): error is Error {
  return [DocumentError, FormatError, SliceError, FetchError].some((refusal) => error instanceof refusal);
}

/** A slice whose new description is malformed stays as it was, if it was there: what is malformed may be its name or its number, but hardly both. */
function frozenSlices(bad: readonly BadSlice[], known: readonly Slice[]): readonly Slice[] {
  return known.filter(({ id, name }) => bad.some((slice) => slice.name === name || String(slice.id) === String(id)));
}

/** One change of the format makes the same field odd in every slice. */
function inOneLine(fields: readonly OddField[]): Facts {
  const [first] = fields;
  const value = first?.value;
  return {
    field: first?.field,
    value: typeof value === "string" ? value.slice(0, 60) : value,
    name: first?.name,
    slices: fields.length,
  };
}
