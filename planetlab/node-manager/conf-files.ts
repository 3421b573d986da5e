/**
 * Conf files: what PLC wants in the node's own files, such as ntp.conf. They come beside the slivers and hold nothing up.
 *
 *     GET /PlanetLabConf/NAME?node_id=N ──► checked ──► conf/NAME.new ──rename──► conf/NAME
 *
 * A few at a time, each with a deadline of its own; of a file that does not come, or not whole, the old one stays.
 */
import { z } from "zod";
import type { Host, Log } from "../../host/host.ts";
import type { Config } from "./config.ts";
import type { Directory } from "./directory.ts";
import { download, FetchError, type Outcome, type Transfer } from "./fetch.ts";
import { digestOf } from "../digest.ts";
import { replaceFile } from "../replace-file.ts";

const home = "conf";
const atOnce = 4;

export const confFileSchema = z.object({
  /** Its path at PLC. */
  source: z.string().regex(/^PlanetLabConf\/[\w-][\w.-]{0,99}$/),
  /** Of its bytes, if PLC states it. */
  digest: z.string().optional(),
});
export type ConfFile = z.output<typeof confFileSchema>;

export interface ConfFiles {
  /** These are wanted now. Resolves when they have been asked for, which may be before they have come. */
  update(files: readonly ConfFile[]): Promise<void>;
  report(): { readonly failed: Readonly<Record<string, string>> };
}

interface ConfFilesOptions {
  readonly log: Log;
  readonly directory: Directory;
  /** Whose they are. */
  readonly nodeId: () => number | undefined;
  readonly signal: AbortSignal;
}

export function createConfFiles(
  host: Host,
  config: Config,
  { log, directory, nodeId, signal }: ConfFilesOptions,
): ConfFiles {
  const { guards } = config;
  const failed = new Map<string, string>();
  const check = guards.has("whole-conf-file") ? requireWhole : () => undefined;
  const isRight = guards.has("verify-conf-file") ? hasDigest : () => true;
  const withinMs = guards.has("conf-file-deadline") ? config.confFileMs : Infinity;

  const isThere = async (file: ConfFile): Promise<boolean> => {
    if (file.digest === undefined) return false;
    const bytes = await host.files.read(`${home}/${nameOf(file)}`).catch(() => undefined);
    return bytes !== undefined && isRight(file, bytes);
  };
  const fetchFile = async ({ source }: ConfFile): Promise<Transfer> => {
    const url = new URL(source, config.plc);
    url.searchParams.set("node_id", String(nodeId()));
    const type = { accept: "*/*", pattern: /^/ };
    const mostBytes = config.documentLimitBytes;
    return download(host, directory, { url: url.href, type, totalMs: withinMs, idleMs: Infinity, mostBytes }, signal);
  };
  const updateFile = async (file: ConfFile): Promise<void> => {
    const name = nameOf(file);
    if (await isThere(file)) return void failed.delete(name);
    const end = (outcome: Outcome | "failed", why?: string): void =>
      log("conf.end", { name, outcome, ...(why !== undefined && { why }) });
    log("conf.begin", { name });
    try {
      const transfer = await fetchFile(file);
      check(file, transfer);
      await host.files.makeDirectory(home);
      if (await replaceFile(host, `${home}/${name}`, transfer.bytes))
        log("conf.applied", { name, bytes: transfer.bytes.length });
      failed.delete(name);
      end("ok");
    } catch (error) {
      signal.throwIfAborted();
      const why = error instanceof Error ? error.message : String(error);
      failed.set(name, why);
      end(error instanceof FetchError ? error.outcome : "failed", why);
    }
  };
  const updateAll = async (files: readonly ConfFile[]): Promise<void> => {
    const rest = files.values();
    const work = async (): Promise<void> => {
      for (const file of rest) await updateFile(file);
    };
    await Promise.all(Array.from({ length: atOnce }, work));
  };

  /** While some are still on their way, those that are wanted later wait for the next round. */
  let underWay: Promise<void> | undefined;
  const updateAside = async (files: readonly ConfFile[]): Promise<void> => {
    underWay ??= updateAll(files)
      // Nothing but the end of this program ends it early.
      .catch(() => undefined)
      .finally(() => (underWay = undefined));
  };
  return {
    update: guards.has("conf-files-aside") ? updateAside : updateAll,
    report: () => ({ failed: Object.fromEntries(failed) }),
  };
}

const hasDigest = ({ digest }: ConfFile, bytes: Uint8Array): boolean => digestOf(bytes) === digest;

function requireWhole({ digest }: ConfFile, { bytes, outcome }: Transfer): void {
  if (outcome !== "ok") throw new FetchError(outcome, `not whole: the transfer was ${outcome}`);
  const actual = digestOf(bytes);
  if (digest !== undefined && digest !== actual)
    throw new FetchError("truncated", `the digest is ${actual}, and ${digest} was stated`);
}

const nameOf = ({ source }: ConfFile): string => source.slice(source.lastIndexOf("/") + 1);
