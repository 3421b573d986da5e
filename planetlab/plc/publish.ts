/** The documents as they are told now: the database, through all that disturbs it. */
import type { Host } from "../../host/host.ts";
import { confFilesFor } from "./data.ts";
import type { Database } from "./database.ts";
import type { Asked, Disturbances } from "./disturbances.ts";
import { isOn, legacyDocument, versionedDocument } from "./document.ts";
import type { Told } from "./document.ts";
import { plainDialect, toldSlice } from "./told.ts";

export interface Plc {
  readonly host: Host;
  readonly database: Database;
  readonly disturbances: Disturbances;
}

const writers = new Map([
  ["/xml/slices.xml", { write: versionedDocument, forOneNode: true }],
  ["/xml/slices-0.5.xml", { write: legacyDocument, forOneNode: false }],
]);

export const isDocument = (path: string): boolean => writers.has(path);

/** `node`: who asks, if it says so. */
export function publish(path: string, node: number | undefined, plc: Plc): string {
  const { write, forOneNode } = writers.get(path) ?? { write: versionedDocument, forOneNode: true };
  const own = node === undefined ? undefined : plc.disturbances.whose(node);
  const asked = { what: path, node };
  return write(tell(asked, forOneNode ? own : undefined, plc));
}

/** `node`: of the slices that run there alone; undefined: all of them. */
export function tell(asked: Asked, node: number | undefined, { host, database, disturbances }: Plc): Told {
  const { data } = database;
  return {
    stamp: disturbances.stamp(
      {
        epoch: data.epoch,
        serial: data.serial,
        timestampSeconds: Math.floor(disturbances.wall(host.clock.wall()) / 1000),
      },
      asked,
    ),
    slices: disturbances.slices(data.slices.filter(isOn(node)).map(toldSlice), asked),
    deleted: data.deleted.filter(isOn(node)),
    keys: data.keys.map((key) => ({ ...key, value: disturbances.key(key.value, asked) })),
    confFiles: node === undefined ? [] : confFilesFor(data, node).filter(({ enabled }) => enabled),
    dialect: disturbances.dialect(plainDialect, asked),
    node,
    padding: disturbances.padding(0, asked),
  };
}
