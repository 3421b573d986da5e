/**
 * The files that services name: programs, and the subject files that declare their guards and signals. A path that begins with a dot counts
 * from the file that it is written in; any other from the folder that sinbin runs in, and then from sinbin's own.
 */
import { fileURLToPath } from "node:url";
import type { Problem } from "../errors.ts";
import { subjectDocument } from "./document/subject.ts";
import { join } from "./include.ts";
import type { ReadFile } from "./include.ts";
import { problemsOf } from "./issues.ts";
import type { Found } from "./normalise.ts";
import { isRecord, listAt, recordAt, textAt } from "./raw.ts";
import type { Raw } from "./raw.ts";
import type { Subject } from "./schema.ts";
import { placeOf, problemAt, toPlain } from "./tree.ts";
import type { MapTree, Path } from "./tree.ts";
import { readYaml } from "./yaml.ts";

const ownFolder = fileURLToPath(new URL("../../", import.meta.url));

export async function findFiles(document: Raw, tree: MapTree, read: ReadFile, problems: Problem[]): Promise<Found> {
  const subjects = new Map<string, Subject | undefined>();
  const found: Record<string, Found[string]> = {};

  const open = async (
    path: string,
    at: Path,
  ): Promise<{ readonly path: string; readonly bytes: Uint8Array } | undefined> => {
    const candidates = path.startsWith(".") ? [join(placeOf(tree, at).file, path)] : [path, `${ownFolder}${path}`];
    for (const candidate of candidates) {
      const bytes = await read(candidate).catch(() => undefined);
      if (bytes !== undefined) return { path: candidate, bytes };
    }
    return undefined;
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
    const program = textAt(raw, "program");
    const opened = program === undefined ? undefined : await open(program, [...at, "program"]);
    if (program !== undefined && opened === undefined) {
      problems.push(problemAt(placeOf(tree, [...at, "program"]), [...at, "program"], `there is no file ${program}`));
    }
    const declared = textAt(raw, "subject");
    const beside = opened === undefined ? undefined : join(opened.path, "subject.yaml");
    const file = declared === undefined ? await openBeside(beside, read) : await open(declared, [...at, "subject"]);
    if (declared !== undefined && file === undefined) {
      problems.push(problemAt(placeOf(tree, [...at, "subject"]), [...at, "subject"], `there is no file ${declared}`));
    }
    const subject = file === undefined ? undefined : readSubject(file.path, file.bytes);
    const [executable] = listAt(raw, "command");
    if (
      typeof executable === "string" &&
      executable.startsWith(".") &&
      (await open(executable, [...at, "command"])) === undefined
    ) {
      problems.push(
        problemAt(placeOf(tree, [...at, "command", 0]), [...at, "command", 0], `there is no file ${executable}`),
      );
    }
    found[name] = {
      folder: folderOf(placeOf(tree, [...at, "command"]).file),
      ...(opened === undefined ? {} : { program: opened.path }),
      ...(subject === undefined ? {} : { subject }),
    };
  }
  return found;
}

async function openBeside(
  path: string | undefined,
  read: ReadFile,
): Promise<{ readonly path: string; readonly bytes: Uint8Array } | undefined> {
  if (path === undefined) return undefined;
  const bytes = await read(path).catch(() => undefined);
  return bytes === undefined ? undefined : { path, bytes };
}

function parseSubject(file: string, bytes: Uint8Array, problems: Problem[]): Subject | undefined {
  const { tree, problems: own } = readYaml(file, new TextDecoder().decode(bytes));
  problems.push(...own);
  if (tree === undefined) return undefined;
  const plain = toPlain(tree);
  const wrong = problemsOf(subjectDocument, plain, tree);
  problems.push(...wrong);
  return wrong.length > 0 ? undefined : subjectDocument.parse(plain);
}

function folderOf(file: string): string {
  return file.includes("/") ? file.slice(0, file.lastIndexOf("/")) : ".";
}
