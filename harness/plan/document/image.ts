/** What only a service in a container has: its image, or how that is built, and what it gets of the machine. */
import { z } from "zod";
import { size } from "../../../faults/units.ts";
import { bound, fitting, label, port, text } from "./words.ts";

/** A part of a repository's name: it neither begins nor ends with what separates others. */
const part = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const registry = String.raw`[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d+)?`;
const suffix = String.raw`(?::\w[\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?`;

export const image = z
  .string("write the name of an image, such as redis:8")
  .max(400, "write a shorter name: 400 characters at most")
  .regex(
    new RegExp(`^(?:${registry}/)?${part}(?:/${part})*${suffix}$`),
    "write the name of an image, such as redis:8 or ghcr.io/owner/daemon:1.2 (in lower case)",
  );

const folder = z.string("write a folder with a Dockerfile, such as ./my-daemon").min(1, "write a folder");

export interface Build {
  /** The folder. */
  readonly context: string;
  /** Its path in the folder. */
  readonly dockerfile: string;
  readonly target?: string | undefined;
  readonly args: Readonly<Record<string, string>>;
}

function inFolder(context: string): Build {
  return { context, dockerfile: "Dockerfile", args: {} };
}

export const build = z.union([
  folder.transform(inFolder),
  z.strictObject({
    context: folder.meta({ description: "The folder that is sent to the engine." }),
    dockerfile: z
      .string("write the path of the Dockerfile in the folder")
      .regex(
        /^(?!\/)(?!(?:.*\/)?\.\.(?:\/|$)).+$/,
        "write a path within the folder, such as Dockerfile or docker/Dockerfile.test",
      )
      .default("Dockerfile")
      .meta({ description: "Its path in the folder." }),
    target: text.min(1, "write the name of a stage").optional().meta({ description: "The stage to build." }),
    args: z.record(z.string(), bound(text)).default({}).meta({ description: "Build arguments." }),
  }),
]);

/** Nothing in it is `.`, `..` or empty. */
const absolutePath = /^(?:\/(?!\.{1,2}(?:\/|$))[^/\0]+)+$/;

function isWithoutDoubles(items: readonly string[]): boolean {
  return new Set(items).size === items.length;
}

function publishAsItIs(number: number): Published {
  return { published: number, port: number };
}

function publishAs(written: string): Published {
  const [published = 0, inside = 0] = written.split(":").map(Number);
  return { published, port: inside };
}

export interface Published {
  /** On 127.0.0.1 of the engine's machine. */
  readonly published: number;
  /** Of the service. */
  readonly port: number;
}

const portNumber = "(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])";

export const imageShape = {
  user: z
    .string('write a user in quotes, such as "999", "999:999" or redis')
    .regex(/^[\w.][\w.-]*(?::[\w.][\w.-]*)?$/, 'write a user, such as "999", "999:999" or redis')
    .optional()
    .meta({ description: "Who it runs as; by default, who the image says." }),
  volumes: z
    .array(z.string("write a path, such as /data").regex(absolutePath, "write an absolute path, such as /data"))
    .min(1, "write at least one path")
    .refine(isWithoutDoubles, "write each path once")
    .optional()
    .meta({
      uniqueItems: true,
      description: "Folders of the image that outlive a restart, and whose files disk faults act on, such as [/data].",
    }),
  networks: z
    .array(label)
    .min(1, "write at least one name")
    .refine(isWithoutDoubles, "write each name once")
    .optional()
    .meta({
      uniqueItems: true,
      description: "Services that share a name reach one another by the service's name, beside the proxies.",
    }),
  ports: z
    .array(
      z.union([
        port.transform(publishAsItIs),
        z
          .string('write a port, such as 6379 or "16379:6379"')
          .regex(new RegExp(`^${portNumber}:${portNumber}$`), 'write a port, such as 6379 or "16379:6379"')
          .transform(publishAs),
      ]),
    )
    .min(1, "write at least one port")
    .optional()
    .meta({
      description:
        "Ports for people to look in: 6379, or 16379:6379 for another number on 127.0.0.1 of the engine's machine.",
    }),
};

const smallestMemory = 6 * 1024 * 1024;

const smallestDisk = 1024 * 1024;

const limitsShape = {
  memory: bound(size.refine((bytes) => bytes >= smallestMemory, "write 6MiB or more: no engine starts with less"))
    .optional()
    .meta({ description: "Who needs more is killed." }),
  cpus: z
    .number("write how many CPUs, such as 1.5")
    .min(0.01, "write 0.01 or more")
    .optional()
    .meta({ description: "The time of so many CPUs, such as 1.5." }),
  disk: bound(size.refine((bytes) => bytes >= smallestDisk, "write 1MiB or more"))
    .optional()
    .meta({ description: "Room in each of the volumes of an image, which are then in memory." }),
  processes: z.int("write a whole number, such as 100").min(1, "write 1 or more").optional(),
  open_files: z.int("write a whole number, such as 1024").min(1, "write 1 or more").optional(),
};

/** What it may have from its start on; faults take it away for a while. */
export const limits = fitting(
  z.strictObject(limitsShape),
  Object.keys(limitsShape),
  "write at least one of memory, cpus, disk, processes and open_files",
  ({ size: count }) => count > 0,
).meta({ minProperties: 1 });
