/** The documents as they are told now: the database, through all that disturbs it. */
import type { Host } from "../../host/host.ts";
import { confFilesFor } from "./data.ts";
import type { Database } from "./database.ts";
import type { Asked, Disturbances } from "./disturbances.ts";
import { isOn, versionedDocument } from "./document.ts";
import type { Told } from "./document.ts";
import type { SlicesFile } from "./slices-file.ts";
import { plainDialect, toldSlice } from "./told.ts";

export interface Plc {
  readonly host: Host;
  readonly database: Database;
  readonly disturbances: Disturbances;
  readonly slicesFile: SlicesFile;
}

interface Writer {
  readonly write: (told: Told, file: SlicesFile) => string;
  readonly forOneNode: boolean;
  readonly type: string;
}

const xml = "text/xml; charset=utf-8";
const versioned: Writer = { write: versionedDocument, forOneNode: true, type: xml };
export const sumPath = "/xml/slices-0.5.xml.md5";
const writers = new Map<string, Writer>([
  ["/xml/slices.xml", versioned],
  ["/xml/slices-0.5.xml", { write: (told, file) => file.text(told), forOneNode: false, type: xml }],
  [sumPath, { write: (told, file) => `${file.sum(told)}\n`, forOneNode: false, type: "text/plain" }],
]);

/** Undefined: there is no such document. */
export const typeOf = (path: string): string | undefined => writers.get(path)?.type;

/** `node`: who asks, if it says so. */
export function publish(path: string, node: number | undefined, plc: Plc): string {
  const { write, forOneNode } = writers.get(path) ?? versioned;
  const own = node === undefined ? undefined : plc.disturbances.whose(node);
  const asked = { what: path, node };
  return write(tell(asked, forOneNode ? own : undefined, plc), plc.slicesFile);
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
