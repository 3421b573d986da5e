/**
 * Kinds of services that are built in: what a plan says below a key of their own stands for a program of ours with arguments and files.
 *
 *     dns1: { dns: { zones: { plc.test: { boot: { A: { link: fetch } } } } } }
 *        ──►  { program: servers/dns/main.ts, args: [--zone, plc.test=plc.test.zone], files: { plc.test.zone: … }, told: [fetch], … }
 *
 * To add one: write its file, add its line to `registry.ts`.
 */
import type { z } from "zod";
import type { Raw } from "../raw.ts";
import type { Written } from "../schema.ts";
import type { Path } from "../tree.ts";

export interface Kind<Document extends z.ZodType = z.ZodType> {
  /** The key of a service below which it is written. */
  readonly key: string;
  readonly document: Document;
  /** The program, as plans name programs. */
  readonly program: string;
  /** Paths of files that it names, each with what they can be read as; what is wrong in them is a problem of the plan. */
  filesIn?(written: Written): readonly NamedFile[];
  /** The same with other paths for these files: a plan may be written out for another place. */
  moved?(written: Written, move: (path: string) => string): Written;
  /** What no shape can say. The document may be wrong in any way. */
  check?(written: Written, context: KindChecking): void;
  toProgram(written: z.output<Document>, context: KindContext): KindProgram;
}

export interface NamedFile {
  /** Below the key. */
  readonly at: Path;
  readonly file: string;
  readonly problemsIn: (text: string) => readonly { readonly line: number; readonly message: string }[];
}

export interface KindChecking {
  /** The service. */
  readonly name: string;
  /** All of the plan's services and links, by name. */
  readonly services: Raw;
  readonly links: Raw;
  /** By what the plan calls them. */
  readonly texts: Texts;
  /** @param at Below the key. */
  readonly complain: (at: Path, message: string) => void;
  /** Says what is wrong with a name that is none of these; `ofCopies`: and what else to do, if it stands for several. */
  readonly known: (at: Path, what: string, name: string, all: readonly string[], ofCopies?: string) => void;
}

export type Texts = Readonly<Record<string, string>>;

export interface KindContext {
  readonly name: string;
  /** As they are written, every value in its place. */
  readonly services: Readonly<Record<string, unknown>>;
  readonly links: Readonly<Record<string, KindLink>>;
  /** Of the files that a service names, by what the plan calls them. */
  readonly textsOf: (service: string) => Texts;
}

export interface KindLink {
  readonly from: string;
  readonly to: string;
  readonly proto: string;
  readonly port: number;
  readonly name?: string | undefined;
}

export interface KindProgram {
  readonly args: readonly string[];
  readonly files: Readonly<Record<string, string>>;
  /** Links of which the program is told where their clients find their servers: `--link NAME=ADDRESS`, in every world. */
  readonly told?: readonly string[];
  /** Of a name server: the domains that it knows the names of. */
  readonly zones?: readonly string[];
  /** Whom it asks who is no service of the plan. */
  readonly beyond?: string;
}

/** Checks one kind's file against the contract, the type of its document included. */
export function kind<Document extends z.ZodType>(each: Kind<Document>): Kind<Document> {
  return each;
}
