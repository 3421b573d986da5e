/**
 * A document of a format that this Node Manager can't read yet: kept on the disk for the one that will be installed next, which need not wait for PLC (paper 3.4:
 * updates arrive in any order).
 */
import type { Host, Log } from "../../host/host.ts";
import { digestOf } from "../digest.ts";
import { replaceFile } from "../replace-file.ts";
import type { Config } from "./config.ts";

export interface HeldDocument {
  keep(bytes: Uint8Array, why: string): Promise<void>;
  /** The one that is there, if any. */
  read(): Promise<Uint8Array | undefined>;
  /** It is used, or out of date. */
  drop(): Promise<void>;
  report(): { readonly bytes: number; readonly why: string } | null;
}

const file = "held.xml";

export function createHeldDocument(
  host: Pick<Host, "files">,
  { guards }: Pick<Config, "guards">,
  { log }: { readonly log: Log },
): HeldDocument {
  let held: { readonly digest: string; readonly bytes: number; readonly why: string } | undefined;
  const keep = async (bytes: Uint8Array, why: string): Promise<void> => {
    const digest = digestOf(bytes);
    if (held?.digest === digest) return;
    try {
      await replaceFile(host, file, bytes);
      if (held === undefined) log("document.held", { bytes: bytes.length, why });
      held = { digest, bytes: bytes.length, why };
    } catch (error) {
      // A disk that is full costs the advantage, and nothing else.
      log("document.hold.failed", { why: String(error) });
    }
  };
  return {
    keep: guards.has("hold-newer-document") ? keep : async () => {},
    async read() {
      const bytes = await host.files.read(file).catch(() => undefined);
      if (bytes !== undefined) held = { digest: digestOf(bytes), bytes: bytes.length, why: "found at the start" };
      return bytes;
    },
    async drop() {
      if (held === undefined) return;
      held = undefined;
      await host.files.remove(file).catch(() => undefined);
    },
    report: () => (held === undefined ? null : { bytes: held.bytes, why: held.why }),
  };
}
