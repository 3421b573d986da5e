/**
 * Which files a disk fault means depends on whose they are: a service has its own directory, and an image has the volumes that the plan gives to
 * it. A path that can mean nothing is a fault that would never hit.
 */
import { isImage, nounOf } from "../kind.ts";
import { isFormula, isReference } from "../../schedule/draw.ts";
import type { Names } from "../../schedule/draw.ts";
import { isRecord, listAt, recordAt, valueAt } from "../raw.ts";
import type { Raw } from "../raw.ts";
import type { Written } from "../schema.ts";
import type { RawStep } from "../step.ts";
import type { Checking } from "./checking.ts";
import { servicesOf } from "./where.ts";

export function checkPaths(step: RawStep, checking: Checking): void {
  const { document, names, complain } = checking;
  const services = recordAt(document, "services");
  for (const { fault, path: at } of step.faults) {
    if (fault.plane !== "disk" || !("path" in fault.parameters.shape)) continue;
    const parameters = valueAt(document, at);
    const written = isRecord(parameters) ? (parameters["path"] ?? null) : null;
    for (const name of servicesOf(step, checking)) {
      const service = services[name];
      if (!isRecord(service)) continue;
      for (const path of textsOf(written, names)) {
        const wrong = complaintOf(path, name, service);
        if (wrong !== undefined) complain([...at, "path"], wrong);
      }
    }
  }
}

function complaintOf(path: string, name: string, service: Raw): string | undefined {
  if (!isImage(service)) {
    if (!path.startsWith("/")) return undefined;
    return `write a path within the directory of ${name}, such as state.json: ${name} is ${nounOf(service)}, and only files in an image have absolute paths`;
  }
  const volumes = listAt(service, "volumes").filter((volume) => typeof volume === "string");
  const [first] = volumes;
  if (first === undefined)
    return `write volumes at ${name}, such as volumes: [/data]: faults act on the files of an image that are in one of them`;
  if (volumes.some((volume) => path.startsWith(`${volume}/`))) return undefined;
  return `write a path in a volume of ${name}, such as ${first}/${path.replace(/^.*\//, "")}: it has ${volumes.join(", ")}`;
}

/** All that may be drawn from what is written; what a formula comes to is known when it is drawn. */
function textsOf(written: Written, names: Names, depth = 0): readonly string[] {
  if (depth > deepest || isFormula(written)) return [];
  if (isReference(written)) {
    const name = written.slice(1);
    if (!names.all.has(name)) return [];
    const meaning = names.meaningOf(name);
    return textsOf("once" in meaning ? meaning.once.written : meaning.anew, names, depth + 1);
  }
  if (typeof written === "string") return [written];
  if (Array.isArray(written)) return (written as readonly Written[]).flatMap((item) => textsOf(item, names, depth + 1));
  return isRecord(written) ? Object.values(written).flatMap((item) => textsOf(item, names, depth + 1)) : [];
}

/** A value that refers to itself has a problem of its own. */
const deepest = 20;
