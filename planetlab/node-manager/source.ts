/**
 * Where the wanted slices come from: the document that PLC publishes, or the reply to GetSlivers, which becomes the same document.
 */
import type { Host } from "../../host/host.ts";
import { apiPath } from "./api.ts";
import type { Config } from "./config.ts";
import type { Credentials } from "./credentials.ts";
import type { Directory } from "./directory.ts";
import type { Place } from "./document.ts";
import { download, limitsOf, xml, type Transfer } from "./fetch.ts";
import { documentOf } from "./slivers-reply.ts";

export interface Source {
  /** For the log. */
  readonly path: string;
  /** `place`: of the last document that was applied. @throws {FetchError} and the signal's reason. */
  fetch(asked: Asked, signal: AbortSignal): Promise<Transfer>;
}

export interface Asked {
  readonly nodeId: number;
  readonly place: Place | undefined;
}

export function createSource(
  host: Host,
  config: Config,
  { directory, credentials }: { readonly directory: Directory; readonly credentials: Credentials },
): Source {
  if (config.source === "api") {
    return {
      path: apiPath,
      async fetch(_asked, signal) {
        const reply = await credentials.call("GetSlivers", [], signal);
        return { bytes: Buffer.from(documentOf(reply)), outcome: "ok", keptMs: 0 };
      },
    };
  }
  return {
    path: config.path,
    async fetch({ nodeId, place }, signal) {
      const url = new URL(config.path, config.plc);
      url.searchParams.set("node", String(nodeId));
      // So that PLC need not go on saying what was deleted before.
      if (place !== undefined) url.searchParams.set("applied", `${place.epoch}.${place.serial}`);
      return download(host, directory, { url: url.href, type: xml, ...limitsOf(config) }, signal);
    },
  };
}
