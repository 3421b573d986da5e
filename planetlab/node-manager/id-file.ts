/**
 * The file that says who this node is, in the words of the boot manager's (plnode.txt), so that people can write one:
 *
 *     NODE_ID="42"
 *     NET_DEVICE="02:16:00:00:00:2a"
 *     RENUMBERED_FROM="41"                 as long as no document for the new id is confirmed
 */
import { z } from "zod";
import type { Host } from "../../host/host.ts";
import { wordIssues } from "../misshapen.ts";
import { replaceFile } from "../replace-file.ts";

const id = z
  .string()
  .regex(/^[1-9]\d{0,9}$/, "is no number")
  .transform(Number);

const idFileSchema = z.object({
  NODE_ID: id,
  /** Of the machine that the id was kept on. */
  NET_DEVICE: z.string().max(100),
  RENUMBERED_FROM: id.optional(),
});

export interface KeptId {
  readonly id: number;
  readonly mac: string;
  readonly renumberedFrom: number | undefined;
}

/** @throws {Error} if it is not there, empty, or makes no sense. */
export async function readId(host: Host, path: string): Promise<KeptId> {
  const text = new TextDecoder().decode(await host.files.read(path));
  const lines = text.split("\n").flatMap((line) => {
    const { name, value } = /^(?<name>[A-Z_]+)="?(?<value>[^"]*)"?\s*$/.exec(line)?.groups ?? {};
    return name === undefined ? [] : [[name, value] as const];
  });
  const { data, error } = idFileSchema.safeParse(Object.fromEntries(lines));
  if (error !== undefined) throw new Error(`${path}: ${wordIssues(error)}`);
  return { id: data.NODE_ID, mac: data.NET_DEVICE, renumberedFrom: data.RENUMBERED_FROM };
}

export async function keepId(host: Host, path: string, { id: own, mac, renumberedFrom }: KeptId): Promise<void> {
  const from = renumberedFrom === undefined ? "" : `RENUMBERED_FROM="${renumberedFrom}"\n`;
  await replaceFile(host, path, `NODE_ID="${own}"\nNET_DEVICE="${mac}"\n${from}`);
}
