/**
 * What is where at PLC, as its clients of 2004 to 2020 ask for it.
 *
 *     GET  /xml/slices.xml?node=42        the versioned document
 *     GET  /xml/slices-0.5.xml            that of 2004
 *     GET  /xml/slices-0.5.xml.md5        its MD5 sum
 *     POST /PLCAPI/                       XML-RPC
 *     GET  /PlanetLabConf/NAME?node_id=42 conf files
 *     POST /boot/getnodeid.php            mac_addr=…: the node's id, or -1
 *     GET  /boot/pubring.gpg              the key that tickets are signed with
 */
import { Buffer } from "node:buffer";
import { answerCall } from "./api.ts";
import { nodeIdOf } from "./calls/nodes.ts";
import type { Reply } from "./disturbances.ts";
import { publicKeyOf } from "./openpgp.ts";
import { publish, typeOf } from "./publish.ts";
import type { Plc } from "./publish.ts";
import { openSigner } from "./signer.ts";

export interface Question {
  readonly method: string;
  readonly url: URL;
  readonly body: () => Promise<string>;
}

export interface Answer {
  readonly reply: Reply;
  /** What it was, for the log and for faults: a path, or a method of the API. */
  readonly what: string;
  readonly node: number | undefined;
}

export async function answer({ method, url, body }: Question, plc: Plc): Promise<Answer> {
  const { database, disturbances } = plc;
  const { pathname: path, searchParams } = url;
  const node = numericId(searchParams.get("node") ?? searchParams.get("node_id"));
  const applied = placeIn(searchParams.get("applied") ?? "");
  if (node !== undefined && applied !== undefined) plc.database.hasApplied(node, applied);
  const told = (reply: Reply, what = path, who = node): Answer => ({ reply, what, node: who });
  if (path === "/PLCAPI/" || path === "/PLCAPI") {
    if (method !== "POST") return told(nothing(405));
    const called = await answerCall(await body(), plc);
    plc.host.log("plc.call", {
      method: called.method,
      ...(called.node !== undefined && { node: called.node }),
      ...(called.fault !== undefined && { fault: called.fault }),
    });
    return told(text(called.text, "text/xml; charset=utf-8"), called.method, called.node);
  }
  if (path === "/boot/getnodeid.php") {
    const form = method === "POST" ? new URLSearchParams(await body()) : searchParams;
    const id = nodeIdOf(form.get("mac_addr") ?? "", database, disturbances);
    return told(text(String(id ?? -1), "text/plain"));
  }
  const read = readers.find(({ owns }) => owns(path, plc));
  if (read === undefined) return told(nothing(404));
  if (method !== "GET") return told(nothing(405));
  return told(await read.read({ path, node }, plc));
}

interface Reader {
  readonly owns: (path: string, plc: Plc) => boolean;
  readonly read: (asked: { readonly path: string; readonly node: number | undefined }, plc: Plc) => Promise<Reply>;
}

const readers: readonly Reader[] = [
  {
    owns: (path) => typeOf(path) !== undefined,
    read: async ({ path, node }, plc) => text(publish(path, node, plc), typeOf(path) ?? ""),
  },
  {
    owns: (path, { database }) => confFile(path, database.data.conf_files) !== undefined,
    async read({ path, node }, { database, disturbances }) {
      await disturbances.confFile(path.slice(1));
      const file = confFile(path, database.data.conf_files);
      const isFor = file?.nodes.length === 0 || (node !== undefined && file?.nodes.includes(node) === true);
      return file !== undefined && isFor ? text(file.content, "text/plain; charset=utf-8") : nothing(404);
    },
  },
  {
    owns: (path) => path === "/boot/pubring.gpg",
    read: async (_asked, { host }) => text(publicKeyOf(await openSigner(host)), "application/pgp-keys"),
  },
];

function confFile<File extends { readonly source: string; readonly enabled: boolean }>(
  path: string,
  files: readonly File[],
): File | undefined {
  return files.find(({ source, enabled }) => enabled && `/${source}` === path);
}

function text(content: string, type: string): Reply {
  const body = Buffer.from(content);
  return { status: 200, type, body, length: body.length };
}

function nothing(status: number): Reply {
  return { status, type: "text/plain", body: Buffer.alloc(0), length: 0 };
}

function placeIn(written: string): { readonly epoch: number; readonly serial: number } | undefined {
  const [, epoch, serial] = /^(\d{1,15})\.(\d{1,15})$/.exec(written) ?? [];
  return epoch === undefined ? undefined : { epoch: Number(epoch), serial: Number(serial) };
}

function numericId(written: string | null): number | undefined {
  return written !== null && /^\d{1,9}$/.test(written) ? Number(written) : undefined;
}
