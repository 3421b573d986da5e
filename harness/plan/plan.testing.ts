/** Plans in tests: files in memory, so that a test shows all that it reads. */
import { PlanError } from "../errors.ts";
import { parsePlan } from "./parse.ts";
import type { ReadFile } from "./parse.ts";
import type { Plan } from "./schema.ts";

/** A node with a subject, a server, and the link between them. */
export const twoServices = `
services:
  node: { program: node.ts }
  plc: { command: [plc, --listen, "443"] }
links:
  fetch: { from: node, to: plc, proto: https, port: 443 }
`;

export const onePhase = "phases:\n  - { name: storm, for: 60s, faults: [] }\n";

export const nodeSubject = `
subject: node-manager
guards:
  reopen-log-on-hup: A HUP reopens the log.
ready: { log: ready }
signals:
  slivers: { event: slivers, field: names, as: list }
  ping: { http: { port: 812 }, every: 500ms, as: event }
`;

export function readFrom(files: Readonly<Record<string, string>>): ReadFile {
  const all: Readonly<Record<string, string>> = { "node.ts": "", "subject.yaml": nodeSubject, ...files };
  return async (given) => {
    const path = given.replace(/^\.\//, "");
    const text = all[path];
    if (path === "." || Object.keys(all).some((other) => other.startsWith(`${path}/`)))
      throw Object.assign(new Error(`a folder: ${path}`), { code: "EISDIR" });
    if (text === undefined) throw Object.assign(new Error(`no such file: ${path}`), { code: "ENOENT" });
    return new TextEncoder().encode(text);
  };
}

export function parseText(text: string, files: Readonly<Record<string, string>> = {}): Promise<Plan> {
  return parsePlan("plan.yaml", readFrom({ ...files, "plan.yaml": text }));
}

/** The problems as `check` prints them; empty for a good plan. */
export async function problemsIn(
  text: string,
  files: Readonly<Record<string, string>> = {},
): Promise<readonly string[]> {
  try {
    await parseText(text, files);
    return [];
  } catch (error) {
    if (error instanceof PlanError) return error.message.split("\n");
    throw error;
  }
}
