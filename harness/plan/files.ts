/**
 * The files that services name: programs, folders of images that are built, and the subject files that declare their guards and signals. A path
 * that begins with a dot counts from the file that it is written in; any other from the folder that sinbin runs in, and then from sinbin's own.
 */
import { fileURLToPath } from "node:url";
import { codeOf } from "../../host/error-code.ts";
import type { Problem } from "../errors.ts";
import type { Complain } from "./bind.ts";
import { subjectDocument } from "./document/subject.ts";
import { join } from "./include.ts";
import type { ReadFile } from "./include.ts";
import { problemsOf } from "./issues.ts";
import { isImage } from "./kind.ts";
import { builtIn } from "./kinds/registry.ts";
import type { Found } from "./normalise.ts";
import { isRecord, listAt, recordAt, textAt } from "./raw.ts";
import type { Raw } from "./raw.ts";
import type { Subject, Written } from "./schema.ts";
import { toPlain } from "./tree.ts";
import type { Path } from "./tree.ts";
import { readYaml } from "./yaml.ts";

const ownFolder = fileURLToPath(new URL("../../", import.meta.url));

export interface FindOptions {
  /** The file that something is written in. */
  readonly fileOf: (path: Path) => string;
  readonly read: ReadFile;
  readonly complain: Complain;
  /** Those of subject files. */
  readonly problems: Problem[];
}

export async function findFiles(document: Raw, { fileOf, read, complain, problems }: FindOptions): Promise<Found> {
  const subjects = new Map<string, Subject | undefined>();
  const found: Record<string, Found[string]> = {};

  const candidatesFor = (path: string, at: Path): readonly string[] =>
    path.startsWith(".") ? [join(fileOf(at), path)] : [path, `${ownFolder}${path}`];

  const open = async (
    path: string,
    at: Path,
  ): Promise<{ readonly path: string; readonly bytes: Uint8Array } | undefined> => {
    for (const candidate of candidatesFor(path, at)) {
      const bytes = await read(candidate).catch(() => undefined);
      if (bytes !== undefined) return { path: candidate, bytes };
    }
    return undefined;
  };

  /** The folder that an image is built from, if there is a Dockerfile in it. */
  const findContext = async (written: Written | undefined, at: Path): Promise<string | undefined> => {
    const path = typeof written === "string" ? written : textAt(written, "context");
    if (path === undefined || path === "") return undefined;
    const pathAt = typeof written === "string" ? at : [...at, "context"];
    const candidates = candidatesFor(path, pathAt).map((candidate) => candidate.replace(/(?<=.)\/+$/, "") || ".");
    const kinds = await Promise.all(candidates.map((candidate) => whatIsAt(candidate, read)));
    const context = candidates.find((_candidate, index) => kinds[index] === "folder");
    if (context === undefined) {
      const isFile = kinds.includes("file");
      complain(pathAt, isFile ? `${path} is a file: write the folder that it is in` : `there is no folder ${path}`);
      return undefined;
    }
    const dockerfile = textAt(written, "dockerfile") ?? "Dockerfile";
    if ((await whatIsAt(`${context}/${dockerfile}`, read)) !== "file")
      complain(isRecord(written) ? [...at, "dockerfile"] : at, `there is no file ${dockerfile} in ${path}`);
    return context;
  };

  const readSubject = (path: string, bytes: Uint8Array): Subject | undefined => {
    if (subjects.has(path)) return subjects.get(path);
    const subject = parseSubject(path, bytes, problems);
    subjects.set(path, subject);
    return subject;
  };

  for (const [name, raw] of Object.entries(recordAt(document, "services"))) {
    if (!isRecord(raw)) continue;
    const at: Path = ["services", name];
    const kind = builtIn(raw);
    const program = kind?.program ?? textAt(raw, "program");
    const opened = program === undefined ? undefined : await open(program, [...at, "program"]);
    if (program !== undefined && opened === undefined) {
      complain([...at, "program"], `there is no file ${program}`);
    }
    const context = await findContext(raw["build"], [...at, "build"]);
    const declared = textAt(raw, "subject");
    const neighbour = opened?.path ?? (context === undefined ? undefined : `${context}/Dockerfile`);
    const beside = neighbour === undefined ? undefined : join(neighbour, "subject.yaml");
    const file = declared === undefined ? await openBeside(beside, read) : await open(declared, [...at, "subject"]);
    if (declared !== undefined && file === undefined) {
      complain([...at, "subject"], `there is no file ${declared}`);
    }
    const subject = file === undefined ? undefined : readSubject(file.path, file.bytes);
    const [executable] = listAt(raw, "command");
    // A command in an image is a matter of the image's.
    if (
      !isImage(raw) &&
      typeof executable === "string" &&
      executable.startsWith(".") &&
      (await open(executable, [...at, "command"])) === undefined
    ) {
      complain([...at, "command", 0], `there is no file ${executable}`);
    }
    const texts: Record<string, string> = {};
    for (const { at: below, file: named, problemsIn } of kind?.filesIn?.(raw[kind.key] ?? null) ?? []) {
      const place = [...at, kind?.key ?? "", ...below];
      const zone = await open(named, place);
      if (zone === undefined) {
        complain(place, `there is no file ${named}`);
        continue;
      }
      texts[named] = new TextDecoder().decode(zone.bytes);
      for (const { line, message } of problemsIn(texts[named]))
        problems.push({ file: zone.path, line, column: 1, path: "", message });
    }
    found[name] = {
      folder: folderOf(fileOf([...at, "command"])),
      ...(opened === undefined ? {} : { program: opened.path }),
      ...(context === undefined ? {} : { context }),
      ...(subject === undefined ? {} : { subject }),
      ...(Object.keys(texts).length === 0 ? {} : { texts }),
    };
  }
  return found;
}

async function whatIsAt(path: string, read: ReadFile): Promise<"file" | "folder" | undefined> {
  try {
    await read(path);
    return "file";
  } catch (error) {
    return codeOf(error) === "EISDIR" ? "folder" : undefined;
  }
}

async function openBeside(
  path: string | undefined,
  read: ReadFile,
): Promise<{ readonly path: string; readonly bytes: Uint8Array } | undefined> {
  if (path === undefined) return undefined;
  const bytes = await read(path).catch(() => undefined);
  return bytes === undefined ? undefined : { path, bytes };
}

/** Its problems are added to `problems`; undefined if there are any. */
export function parseSubject(file: string, bytes: Uint8Array, problems: Problem[]): Subject | undefined {
  const text = new TextDecoder().decode(bytes);
  const key = JSON.stringify([file, text]);
  const parsed = parsedSubjects.get(key) ?? parseSubjectText(file, text);
  if (parsedSubjects.size >= mostKnown) parsedSubjects.clear();
  parsedSubjects.set(key, parsed);
  problems.push(...parsed.problems);
  return parsed.subject;
}

interface ParsedSubject {
  readonly subject?: Subject;
  readonly problems: readonly Problem[];
}

/** For speed only: all plans of a folder name the same few subjects, each with a hundred guards and signals, which was half of the time to read them. */
const parsedSubjects = new Map<string, ParsedSubject>();
const mostKnown = 32;

function parseSubjectText(file: string, text: string): ParsedSubject {
  const { tree, problems } = readYaml(file, text);
  if (tree === undefined) return { problems };
  const plain = toPlain(tree);
  const wrong = problemsOf(subjectDocument, plain, tree);
  const all = [...problems, ...wrong];
  return wrong.length > 0 ? { problems: all } : { subject: subjectDocument.parse(plain), problems: all };
}

function folderOf(file: string): string {
  return file.includes("/") ? file.slice(0, file.lastIndexOf("/")) : ".";
}
