/**
 * A plan as one document that means the same in the image of the command line: what it includes is in it already, and the paths of files are the image's.
 */
import { UsageError } from "../errors.ts";
import { join } from "../plan/include.ts";
import { isRecord, listAt, recordAt, textAt } from "../plan/raw.ts";
import type { Raw } from "../plan/raw.ts";
import type { Plan, Service, Written } from "../plan/schema.ts";
import { writeYaml } from "../plan/write-yaml.ts";

/** What a manager keeps of one config at most. */
const mostBytes = 500_000;

export interface Places {
  /** Undefined if the image doesn't have the file. */
  pathInImage(path: string): string | undefined;
  /** Whether there is such a file or folder here. */
  isThere(path: string): boolean;
}

/** @throws {UsageError} if it needs a file that the image has not, or is too big. */
export function planForImage(file: string, plan: Plan, places: Places): string {
  const services = Object.fromEntries(
    Object.entries(recordAt(plan.document, "services")).map(([name, raw]) => {
      const service = plan.services[name];
      return [name, isRecord(raw) && service !== undefined ? inImage({ file, name, raw, service, places }) : raw];
    }),
  );
  const text = writeYaml({ ...plan.document, services });
  const bytes = new TextEncoder().encode(text).length;
  if (bytes > mostBytes)
    throw new UsageError(
      `${file}: with all that it includes, the plan has ${bytes} bytes; a swarm takes ${mostBytes} at most: make it smaller, or run it without --on swarm`,
    );
  return text;
}

interface Placing {
  readonly file: string;
  readonly name: string;
  readonly raw: Raw;
  readonly service: Service;
  readonly places: Places;
}

function inImage({ file, name, raw, service, places }: Placing): Raw {
  const found = (path: string, key: string): string => {
    const inside = places.pathInImage(path);
    if (inside !== undefined) return inside;
    throw new UsageError(
      `${file}: services.${name}.${key}: the nodes of a swarm have what is in sinbin's own folder, and ${path} is not part of it: put it there, or run this plan without --on swarm`,
    );
  };
  /** A path that begins with a dot counts from the file that it is written in; any other from here, and then from sinbin's folder. */
  const beside = (word: Written): Written => {
    if (typeof word !== "string" || !word.startsWith(".")) return word;
    const path = join(`${service.folder}/plan.yaml`, word);
    return places.isThere(path) ? found(path, "command") : word;
  };
  const { program, command, subject } = raw;
  const declared = textAt(raw, "subject");
  return {
    ...raw,
    ...(program !== undefined && service.program !== undefined && { program: found(service.program, "program") }),
    ...(command !== undefined && { command: listAt(raw, "command").map(beside) }),
    ...(subject !== undefined && declared !== undefined && { subject: subjectIn(declared) }),
  };

  function subjectIn(path: string): string {
    const here = path.startsWith(".") ? join(`${service.folder}/plan.yaml`, path) : path;
    // What is not here is in sinbin's folder, as it is in the image.
    return places.isThere(here) ? found(here, "subject") : path;
  }
}
