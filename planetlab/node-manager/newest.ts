/**
 * The newest document that was used, for documents that have no serial: those of 2004, which are told apart by the publisher's clock alone.
 *
 *     below the mark ──► stale, and refused
 *     below it, several in a row, one newer than the other ──► the publisher's clock was set back: that is the mark from now on
 */
import type { Log } from "../../host/host.ts";
import type { Config } from "./config.ts";
import { DocumentError, type Document } from "./document.ts";

export interface Newest {
  /** @throws {DocumentError} if it is older than one that was used. */
  check(document: Pick<Document, "serial" | "written">): void;
  /** It is used. */
  take(document: Pick<Document, "serial" | "written">): void;
  /** Seconds of the publisher's clock. */
  mark(): number | undefined;
}

export function createNewest(
  { guards, confirmations }: Pick<Config, "guards" | "confirmations">,
  { log, last }: { readonly log: Log; readonly last: number | undefined },
): Newest {
  let mark = last;
  /** A copy from a cache is the same each time, and counts once. */
  let below: readonly number[] = [];
  const isBelieved = guards.has("believe-publisher-reset") ? () => below.length >= confirmations : () => false;

  const refuseStale = (written: number): void => {
    if (mark === undefined || written >= mark) {
      below = [];
      return;
    }
    below = [...below.filter((each) => each < written), written];
    if (!isBelieved()) throw new DocumentError(`stale: written at ${written}, after one of ${mark}`);
    log("document.reset", { from: mark, to: written });
    [mark, below] = [undefined, []];
  };
  const check = guards.has("publisher-order") ? refuseStale : () => undefined;
  return {
    check({ serial, written }) {
      if (serial === undefined && written.length > 0) check(Math.max(...written));
    },
    take({ written }) {
      if (written.length > 0) mark = Math.max(mark ?? 0, ...written);
    },
    mark: () => mark,
  };
}
