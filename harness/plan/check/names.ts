/** Whatever is named must be there: services, links, phases, steps, guards, expectations. */
import { actsOn, placeOf, protosText } from "../../../faults/registry.ts";
import { serviceMembers } from "../../judge/signals.ts";
import { expectationWords } from "../document/expectations.ts";
import { hint } from "../../../faults/nearest.ts";
import { isRecord, listAt, recordAt, textAt } from "../raw.ts";
import { known } from "./known.ts";
import type { Raw } from "../raw.ts";
import type { Written } from "../schema.ts";
import { keysOf, rawExpectations } from "./checking.ts";
import type { Checking } from "./checking.ts";
import { cellsOf, maximumCells } from "../cells.ts";
import { matrixOf } from "../normalise.ts";
import type { Path } from "../tree.ts";
import { canHave } from "../repertoire.ts";
import { squeeze, wordingOf } from "../wording.ts";

export function checkNames(checking: Checking): void {
  checkLinks(checking);
  checkUnique(checking);
  checkWhere(checking);
  checkExpectations(checking);
  checkControls(checking);
  checkParams(checking);
  checkMix(checking);
}

function checkLinks(checking: Checking): void {
  const { document, services } = checking;
  for (const [link, raw] of Object.entries(recordAt(document, "links"))) {
    known(checking, ["links", link, "from"], "service", textAt(raw, "from"), services);
    known(checking, ["links", link, "to"], "service", textAt(raw, "to"), services);
  }
  checkTimekeepers(checking);
  for (const [name, raw] of Object.entries(recordAt(document, "observe"))) {
    known(checking, ["observe", name, "service"], "service", textAt(raw, "service"), services);
  }
}

/** It asks over links of its own service, that speak NTP. */
function checkTimekeepers(checking: Checking): void {
  const { document, complain } = checking;
  const links = recordAt(document, "links");
  for (const [service, raw] of Object.entries(recordAt(document, "services"))) {
    const fitting = Object.keys(links).filter(
      (link) => textAt(links[link], "from") === service && textAt(links[link], "proto") === "ntp",
    );
    for (const [index, name] of listAt(recordAt(raw, "timekeeper"), "servers").entries()) {
      if (typeof name !== "string" || fitting.includes(name)) continue;
      const advice = fitting.length === 0 ? "there is none yet" : `there are ${fitting.join(", ")}`;
      complain(
        ["services", service, "timekeeper", "servers", index],
        `${name} is no link with from: ${service} and proto: ntp: ${advice}`,
      );
    }
  }
}

/** One variable of expressions can't mean two things, nor can `during`. */
function checkUnique({ document, phases, complain, subjects, names }: Checking): void {
  const variables = new Map<string, string>([...names.all].map((name) => [name, "parameter"]));
  for (const key of ["services", "links", "observe"]) {
    for (const name of keysOf(document, key)) {
      const other = variables.get(name);
      if (other !== undefined) complain([key, name], `${name} is the name of a ${other} already: choose another one`);
      variables.set(name, key === "observe" ? "signal" : key.slice(0, -1));
    }
  }
  for (const [service, { signals }] of subjects) {
    for (const signal of Object.keys(signals)) {
      if (!serviceMembers.has(signal)) continue;
      complain(
        ["services", service],
        `its subject calls a signal ${signal}, which every service has: choose another name there`,
      );
    }
  }
  const declaring = new Map<string, readonly [string, string]>();
  for (const [service, { subject, faults }] of subjects) {
    const [other, declared] = declaring.get(subject) ?? [service, JSON.stringify(faults)];
    declaring.set(subject, [other, declared]);
    if (JSON.stringify(faults) !== declared)
      complain(
        ["services", service],
        `its subject is called ${subject} as that of ${other}, and declares other faults: call it something else`,
      );
  }
  const labels = new Map<string, string>();
  for (const phase of phases) {
    if (phase.name !== "") claim(labels, phase.name, "phase", ["phases", phase.index, "name"], complain);
    for (const step of phase.steps) {
      const path = "name" in step.raw ? [...step.path, "name"] : step.path;
      if (step.name === "") continue;
      if (step.number === undefined) claim(labels, step.name, "step", path, complain);
      else {
        // Its occurrences share the name of their step, and are that step.
        if (labels.get(step.name) !== "step in parts") claim(labels, step.name, "step in parts", path, complain);
        claim(labels, `${step.name}#${step.number}`, "step", path, complain);
      }
    }
  }
}

function claim(
  labels: Map<string, string>,
  name: string,
  what: string,
  path: Path,
  complain: Checking["complain"],
): void {
  const other = labels.get(name);
  const advice = path.at(-1) === "name" ? "choose another name" : "write a name, such as name: second";
  if (other !== undefined) complain(path, `there is a ${other} called ${name} already: ${advice}`);
  labels.set(name, what);
}

/** What is none is said where it is written. */
function isProto(proto: string): boolean {
  return (["tcp", "udp", "dns", "ntp"] as const).some((plane) => actsOn(plane, proto));
}

function checkWhere(checking: Checking): void {
  const { phases, services, links, complain } = checking;
  for (const { raw, path, faults: found, plane } of phases.flatMap(({ steps }) => steps)) {
    const where: Written | undefined = raw["where"];
    if (found.length === 0) {
      // The fault is misspelt, so that nobody knows what it acts on; what is neither is wrong all the same.
      known(checking, [...path, "where"], "link or service", textAt(raw, "where"), [...links, ...services, "all"]);
      continue;
    }
    if (plane === undefined) {
      complain(
        path,
        "write faults of one plane in one step: those of tcp, udp, dns, ntp, tls and http act on links, all others on services",
      );
      continue;
    }
    const what = placeOf(plane);
    const all = what === "service" ? services : links;
    const protoOf = (link: string): string => textAt(recordAt(checking.document, "links")[link], "proto") ?? "tcp";
    const fits = (name: string): boolean =>
      what === "link"
        ? !links.includes(name) || actsOn(plane, protoOf(name)) || !isProto(protoOf(name))
        : !services.includes(name) || found.every(({ fault }) => canHave(checking.subjects.get(name), fault));
    const candidates = all.filter(fits);
    const unfit = (place: Path, name: string): void => {
      if (fits(name)) return;
      if (what === "service") {
        const kinds = found.map(({ fault }) => fault.kind).join(" or ");
        complain(place, `the subject of ${name} declares no ${kinds}: ${listed(what, candidates)} whose subject does`);
        return;
      }
      const other = ["udp", "dns", "ntp"].find((proto) => proto === protoOf(name)) ?? "tcp";
      complain(
        place,
        `${name} is a link of proto: ${protoOf(name)}, on which ${plane} faults do not act: write a fault of ${other} (see "sinbin faults ${other}"), or ${candidates.length === 0 ? `a link with proto: ${protosText(plane)}` : `one of ${candidates.join(", ")}`}`,
      );
    };
    const at = [...path, "where"];
    if (where === undefined) {
      if (candidates.length !== 1)
        complain(path, `write where: the ${what} that it acts on; ${listed(what, candidates)}`);
      continue;
    }
    const list = Array.isArray(where) ? where : isRecord(where) ? (where["one_of"] ?? where["of"]) : undefined;
    if (typeof where === "string" && where !== "all") {
      known(checking, at, what, where, all);
      unfit(at, where);
    }
    if (where === "all" && candidates.length === 0)
      complain(at, `there is no ${what} ${all.length === 0 ? "" : `for ${plane} faults `}in this plan`);
    if (Array.isArray(list)) {
      const below = Array.isArray(where) ? at : [...at, isRecord(where) && "one_of" in where ? "one_of" : "of"];
      for (const [index, name] of list.entries())
        if (typeof name === "string") {
          known(checking, [...below, index], what, name, all);
          unfit([...below, index], name);
        }
    }
    const random = isRecord(where) ? where["random"] : undefined;
    const size = Array.isArray(list) ? list.length : candidates.length;
    if (typeof random === "number" && random > size)
      complain([...at, "random"], `there are only ${size} to choose from: write ${size} at most`);
  }
}

function listed(what: string, names: readonly string[]): string {
  return names.length === 0 ? `there is no ${what} yet` : `there are ${names.join(", ")}`;
}

function checkExpectations(checking: Checking): void {
  for (const { raw, path, steady } of rawExpectations(checking.document, checking.phases)) {
    known(checking, [...path, "during"], "phase or step", textAt(raw, "during"), checking.labels);
    const word = expectationWords.find((candidate) => raw[candidate] !== undefined);
    if (word === undefined) continue;
    const { complain } = checking;
    const timed = word === "eventually" || word === "whenever";
    if (timed && raw["within"] === undefined) complain(path, `write the deadline of ${word}, such as within: 30s`);
    if (!timed && raw["within"] !== undefined)
      complain([...path, "within"], `leave out within: ${word} has no deadline`);
    if (word === "whenever" && raw["then"] === undefined)
      complain(path, "write what must be so then, such as then: node.ready");
    if (word !== "whenever" && raw["then"] !== undefined)
      complain([...path, "then"], "leave out then: it goes with whenever");
    if (word !== "whenever" && raw["tolerate"] !== undefined)
      complain([...path, "tolerate"], "leave out tolerate: it goes with whenever");
    if (word !== "whenever" && raw["may_miss"] !== undefined)
      complain([...path, "may_miss"], "leave out may_miss: here it goes with whenever");
    if (word !== "always" && word !== "never" && raw["for"] !== undefined)
      complain([...path, "for"], "leave out for: it goes with always and never");
    if (steady && word !== "always")
      complain([...path, word], "write always: the steady state is what is true all the time");
    if (steady && raw["during"] !== undefined)
      complain([...path, "during"], "leave out during: the steady state belongs to no phase");
  }
}

function checkControls(checking: Checking): void {
  const { document, services, subjects, phases, complain } = checking;
  const all = rawExpectations(document, phases).filter(({ steady }) => !steady);
  const texts = all
    .flatMap(({ raw }) => [textAt(raw, "name"), ...expectationWords.map((word) => wordingOf(raw, word))])
    .filter((text) => text !== undefined);
  for (const [index, control] of listAt(document, "controls").entries()) {
    const path: Path = ["controls", index];
    const service = textAt(control, "service");
    known(checking, [...path, "service"], "service", service, services);
    for (const [position, other] of listAt(control, "also").entries()) {
      if (typeof other === "string") known(checking, [...path, "also", position], "service", other, services);
    }
    const fails = textAt(control, "fails");
    if (fails !== undefined && !texts.some((text) => squeeze(text) === squeeze(fails))) {
      complain([...path, "fails"], `there is no expectation "${fails}": ${hint(fails, texts)}`, 0);
    }
    if (service === undefined || !services.includes(service)) continue;
    const without: Written | undefined = isRecord(control) ? control["without"] : undefined;
    const guards = Object.keys(subjects.get(service)?.guards ?? {});
    if (guards.length === 0) {
      complain([...path, "service"], `${service} has no guards: they are declared in its subject file`);
      continue;
    }
    const list = Array.isArray(without) ? without : [without];
    for (const [position, guard] of list.entries()) {
      if (typeof guard !== "string") continue;
      known(
        checking,
        Array.isArray(without) ? [...path, "without", position] : [...path, "without"],
        `guard of ${service} called`,
        guard,
        guards,
      );
    }
  }
}

function checkMix(checking: Checking): void {
  const { document, services, links } = checking;
  for (const [index, name] of listAt(recordAt(document, "mix"), "where").entries())
    if (typeof name === "string")
      known(checking, ["mix", "where", index], "service or link", name, [...services, ...links]);
}

function checkParams({ document, complain }: Checking): void {
  for (const [name, param] of Object.entries(recordAt(document, "params"))) {
    const allowed = listAt(param, "one_of");
    const value: Written | undefined = isRecord(param) ? param["default"] : undefined;
    if (isRecord(param) && value === undefined) complain(["params", name], "write its default");
    if (allowed.length === 0 || value === undefined || typeof value === "object") continue;
    if (!allowed.includes(value))
      complain(["params", name, "default"], `write one of ${allowed.map(String).join(", ")}`, 0);
  }
  const matrix = matrixOf(document["matrix"]);
  const lists = Object.values(matrix.values).filter(Array.isArray);
  const size = lists.reduce((product, values) => product * values.length, 1);
  if (size > maximumCells)
    complain(["matrix"], `this makes ${size} runs: write fewer values, so that there are ${maximumCells} at most`);
  else if (lists.length === Object.keys(matrix.values).length) checkRows(cellsOf(matrix), complain);
}

/** `$name` must mean something in every cell. */
function checkRows(cells: readonly Raw[], complain: Checking["complain"]): void {
  const names = new Set(cells.flatMap((cell) => Object.keys(cell)));
  for (const name of names) {
    if (cells.some((cell) => !(name in cell)))
      complain(["matrix"], `some cells have no ${name}: write it in every row of include`);
  }
}
