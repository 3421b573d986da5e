/** What a service is, written or parsed: a program of ours, by its name or as one of the kinds that are built in, an image as it is or built first, or else a command. */
import { kindKeys } from "./kinds/registry.ts";

export type ServiceKind = "program" | "image" | "build" | "command";

/** Exactly one of them says it; without any, `command` does. */
export const whatRuns = ["program", "image", "build"] as const;

export function kindOf(service: Readonly<Partial<Record<ServiceKind, unknown>>>): ServiceKind {
  if (kindKeys.some((key) => (service as Readonly<Record<string, unknown>>)[key] !== undefined)) return "program";
  return whatRuns.find((kind) => service[kind] !== undefined) ?? "command";
}

/** As it is called in messages: whether it is built makes no difference once it runs. */
export function nounOf(service: Parameters<typeof kindOf>[0]): "a program" | "an image" | "a command" {
  const kind = kindOf(service);
  if (kind === "program") return "a program";
  return kind === "command" ? "a command" : "an image";
}

/** It is a container of its own. */
export function isImage(service: Parameters<typeof kindOf>[0]): boolean {
  const kind = kindOf(service);
  return kind === "image" || kind === "build";
}

/** One that says nothing of it has a problem of its own. */
export function runsSomething(service: Parameters<typeof kindOf>[0]): boolean {
  return kindOf(service) !== "command" || service.command !== undefined;
}
