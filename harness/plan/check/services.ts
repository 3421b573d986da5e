/** What a service may say depends on what it is: a program, a command, or an image. */
import { keysOfImages } from "../document/service.ts";
import { isImage, kindOf, nounOf } from "../kind.ts";
import { builtIn } from "../kinds/registry.ts";
import { known } from "./known.ts";
import { isRecord, listAt, recordAt, textAt } from "../raw.ts";
import type { Raw } from "../raw.ts";
import type { Path } from "../tree.ts";
import type { Checking } from "./checking.ts";

export function checkServices(checking: Checking): void {
  const services = Object.entries(recordAt(checking.document, "services")).filter((entry): entry is [string, Raw] =>
    isRecord(entry[1]),
  );
  for (const [name, raw] of services) {
    checkKeys(name, raw, checking);
    checkFiles(name, raw, checking);
  }
  for (const [name, raw] of services) {
    checkKind(name, raw, checking);
    checkResolver(name, raw, checking);
  }
  checkNetworks(services, checking);
  checkPorts(services, checking);
}

function checkKeys(name: string, raw: Raw, { subjects, complain }: Checking): void {
  const at: Path = ["services", name];
  const hasRoom = recordAt(raw, "limits")["disk"] !== undefined;
  if (hasRoom && !isImage(raw)) complain([...at, "limits", "disk"], "leave out disk: it goes with image and build");
  if (hasRoom && isImage(raw) && raw["volumes"] === undefined)
    complain([...at, "limits", "disk"], "write volumes, such as [/data]: a disk of this size for each of them");
  if (isImage(raw)) return;
  for (const key of keysOfImages)
    if (raw[key] !== undefined) complain([...at, key], `leave out ${key}: it goes with image and build`);
  if (kindOf(raw) === "command" && raw["limits"] !== undefined)
    complain([...at, "limits"], "leave out limits: it goes with image, build and program");
  const ready = raw["ready"] ?? subjects.get(name)?.ready;
  if (isRecord(ready) && "healthy" in ready && ready["healthy"] !== undefined)
    complain(
      raw["ready"] === undefined ? at : [...at, "ready", "healthy"],
      `write another ready: ${name} is ${nounOf(raw)}, and only an image has a health check`,
    );
}

function checkKind(name: string, raw: Raw, checking: Checking): void {
  const { document, textsOf, complain } = checking;
  const kind = builtIn(raw);
  if (kind?.check === undefined) return;
  const at: Path = ["services", name, kind.key];
  kind.check(raw[kind.key] ?? null, {
    name,
    services: recordAt(document, "services"),
    links: recordAt(document, "links"),
    texts: textsOf(name),
    complain: (below, message) => complain([...at, ...below], message),
    known: (below, ...rest) => known(checking, [...at, ...below], ...rest),
  });
}

function checkResolver(name: string, raw: Raw, { document, complain }: Checking): void {
  const asks = Object.values(recordAt(document, "links")).some(
    (link) => textAt(link, "from") === name && textAt(link, "proto") === "dns",
  );
  if (raw["resolver"] !== undefined && !asks)
    complain(
      ["services", name, "resolver"],
      `write a link of proto: dns that comes from ${name}, or leave out resolver: it asks no name server`,
    );
}

/** Where a relative path led in an image would depend on the image; everywhere else, a service has its own directory and nothing more. */
function checkFiles(name: string, raw: Raw, { complain }: Checking): void {
  for (const path of Object.keys(recordAt(raw, "files"))) {
    if (path.startsWith("/") === isImage(raw)) continue;
    complain(
      ["services", name, "files", path],
      isImage(raw)
        ? `write an absolute path, such as /etc/${path}: ${name} is an image`
        : `write a path within its directory, such as ${path.replace(/^.*\//, "") || "config.json"}: ${name} is ${nounOf(raw)}`,
    );
  }
}

/** A network of one service connects nothing: mostly, its name is misspelt. */
function checkNetworks(services: readonly (readonly [string, Raw])[], { complain }: Checking): void {
  const members = services.flatMap(([name, raw]) =>
    listAt(raw, "networks").map((network, index) => ({ network, name, at: ["services", name, "networks", index] })),
  );
  for (const { network, name, at } of members)
    if (typeof network === "string" && members.every((other) => other.network !== network || other.name === name))
      complain(at, `only ${name} is in ${network}: write it at another service as well, or leave it out`);
}

function checkPorts(services: readonly (readonly [string, Raw])[], { complain }: Checking): void {
  const taken = new Map<string, string>();
  for (const [name, raw] of services) {
    for (const [index, written] of listAt(raw, "ports").entries()) {
      if (typeof written !== "string" && typeof written !== "number") continue;
      const [published = ""] = String(written).split(":");
      const other = taken.get(published);
      if (other !== undefined)
        complain(
          ["services", name, "ports", index],
          `${other} has published ${published} already: write another number in front, such as "16379:6379"`,
        );
      taken.set(published, name);
    }
  }
}
