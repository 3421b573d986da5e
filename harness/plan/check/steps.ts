/** Keys of phases and steps that don't go together. */
import { hasMatch, wrongInMatch } from "../../../faults/match.ts";
import { isFaultOfLink, placeOf } from "../../../faults/registry.ts";
import { duration } from "../../../faults/units.ts";
import { choosingKeys, idleKeys, shutsPort, whomKeys, whyNobody } from "../../../faults/whom.ts";
import { isRecord, listAt, recordAt, textAt } from "../raw.ts";
import type { Raw } from "../raw.ts";
import { readEdge } from "../../schedule/edge.ts";
import { hint } from "../../../faults/nearest.ts";
import type { RawStep } from "../step.ts";
import { kindOf, nounOf, runsSomething } from "../kind.ts";
import type { Checking } from "./checking.ts";
import { checkDoors } from "./doors.ts";
import { checkPaths } from "./paths.ts";
import { namedIn, servicesOf } from "./where.ts";

export function checkSteps(checking: Checking): void {
  const { phases, complain } = checking;
  for (const { raw, index, steps } of phases) {
    const path = ["phases", index];
    if (raw["until"] !== undefined && raw["timeout"] === undefined) {
      complain(path, "write a timeout: the longest that until may take, such as timeout: 60s");
    }
    if (raw["until"] === "steady" && listAt(checking.document, "steady").length === 0) {
      complain([...path, "until"], "write at the top what is steady, such as steady: [{ always: node.alive }]");
    }
    if (raw["until"] === undefined && raw["timeout"] !== undefined) {
      complain([...path, "timeout"], "leave out timeout: it goes with until");
    }
    for (const step of steps) checkStep(step, checking);
  }
}

function checkStep(step: RawStep, checking: Checking): void {
  const { raw, path, faults, plane } = step;
  const { complain, phases } = checking;
  const leaveOut = (key: string, why: string): void => {
    if (raw[key] !== undefined) complain([...path, key], `leave out ${key}: ${why}`);
  };
  if (step.number !== undefined)
    for (const key of ["every", "times", "when", "while"]) leaveOut(key, `this is occurrence ${step.number} alone`);
  const armed = ["when", "while"].find((key) => raw[key] !== undefined);
  if (armed !== undefined) leaveOut("every", `this step happens ${armed} its condition is true`);
  if (armed === undefined && raw["every"] === undefined)
    leaveOut("times", "without every or when the step happens once");
  if (plane !== undefined && placeOf(plane) === "service")
    for (const key of whomKeys) leaveOut(key, "it chooses connections, and this fault acts on a service");
  if (plane !== undefined && hasMatch(plane)) checkMatch(step, checking, plane);
  else if (plane !== undefined && placeOf(plane) === "link")
    leaveOut(
      "match",
      `it chooses requests, questions or handshakes, and ${plane} faults know none: it is for http, dns and tls faults`,
    );
  for (const key of ["every", "for"]) {
    const time = duration.safeParse(raw[key]);
    if (time.success && time.data <= 0) complain([...path, key], "write a time above 0, such as 5s");
  }
  if (hasRamp(raw) && raw["every"] === undefined) {
    complain(path, "write every: a ramp takes its next value with each occurrence, and without it there is only one");
  }
  checkWhom(step, checking);
  if (plane === "timekeeper") checkTimekeeper(step, checking);
  checkSilent(step, checking);
  checkPaths(step, checking);
  checkDoors(step, checking);
  checkResolvers(step, checking);
  if (faults.length > 0 && faults.every(({ fault }) => fault.pulse)) {
    leaveOut("for", `${faults.map(({ fault }) => fault.kind).join(" and ")} happens at one moment and has no length`);
  }
  if (armed !== undefined && Array.isArray(raw["choose"]) && raw["choose"].length > faults.length) {
    complain([...path, "choose"], `write a fault in every choice: a step with ${armed} always does something`);
  }
  const until = textAt(raw, "until");
  const edge = until === undefined ? undefined : readEdge(until);
  const isPhase = until?.startsWith("phase.") === true && edge !== undefined && edge.name !== "end";
  if (isPhase) {
    const all = phases.map(({ name }) => name);
    const advice = all.includes(edge.name) ? "a step ends with its phase anyway" : hint(edge.name, all);
    complain([...path, "until"], `write phase.end - 10s, a time or a condition: ${advice}`);
  }
}

/** What says whom a fault of a link means, and means nothing to it; and who can see what it does to all. */
function checkWhom({ raw, path, faults }: RawStep, { complain, document }: Checking): void {
  const ofLinks = faults.map(({ fault }) => fault).filter(isFaultOfLink);
  const atTheDoor = ofLinks.find((fault) => fault.plane === "tcp" && fault.door !== undefined);
  const isShut = atTheDoor?.plane === "tcp" && atTheDoor.door === "shut";
  const silent = atTheDoor === undefined ? [] : silentClients(raw, document);
  if (raw["may_miss"] !== true) {
    for (const client of silent) {
      const why = `nobody can see that ${client.name}, ${client.noun}, ${isShut ? "was refused" : "got no answer"}: only programs tell`;
      complain(path, `write may_miss: true, and expect what shows it: ${why}`);
    }
    if (ofLinks.some(shutsPort))
      complain(
        path,
        "write may_miss: true, and expect what shows it: the kernel says by itself that nobody waits at a port",
      );
  }
  const idle = new Map(ofLinks.toReversed().flatMap((fault) => [...idleKeys(fault, raw["direction"])]));
  for (const [key, why] of idle) {
    // Programs tell which of their connects was refused.
    const chooses = isShut && choosingKeys.some((each) => each === key);
    if (raw[key] === undefined || (chooses && silent.length === 0)) continue;
    const [client] = chooses ? silent : [];
    const but =
      client === undefined ? "" : `: nobody tells which connect of ${client.name}, ${client.noun}, comes next`;
    complain([...path, key], `leave out ${key}: ${why}${but}`);
  }
  const nobody = ofLinks.length === 0 ? undefined : whyNobody(raw);
  if (nobody !== undefined) complain([...path, nobody.key], `leave out ${nobody.key}: ${nobody.why}`);
}

function checkMatch({ raw, path }: RawStep, { complain }: Checking, plane: string): void {
  const { match } = raw;
  if (!isRecord(match)) return;
  for (const { path: within, why } of wrongInMatch(plane, match)) complain([...path, "match", ...within], why);
}

/** Nobody can starve what is not there. */
function checkTimekeeper(step: RawStep, checking: Checking): void {
  const services = recordAt(checking.document, "services");
  for (const name of servicesOf(step, checking)) {
    if (!Object.hasOwn(services, name) || isRecord(recordAt(services, name)["timekeeper"])) continue;
    checking.complain(step.path, `${name} has no timekeeper: give it one, or write a service that has`);
  }
}

/** What is no program has no host of ours, in which some faults act and which tells of others' hits. */
function checkSilent(step: RawStep, checking: Checking): void {
  const { raw, path, faults } = step;
  const silent = silentAmong(servicesOf(step, checking), checking.document);
  for (const { fault } of faults) {
    if (isFaultOfLink(fault)) continue;
    for (const { name, noun } of silent) {
      const { kind, programsOnly, imagesWith, toldByPrograms } = fault;
      const equipped = imagesWith === "limits.disk" && hasSmallDisk(recordAt(checking.document, "services")[name]);
      if (programsOnly !== undefined && !equipped)
        checking.complain(path, `${kind} acts on programs only, and ${name} is ${noun}: ${programsOnly}`);
      if ((toldByPrograms !== true && !equipped) || raw["may_miss"] === true) continue;
      const why = `nobody can see what ${name}, ${noun}, was refused: only programs tell`;
      checking.complain(path, `write may_miss: true, and expect what shows it: ${why}`);
    }
  }
}

/** Who asks nobody has nothing that could be changed. */
function checkResolvers(step: RawStep, checking: Checking): void {
  if (step.plane !== "resolver") return;
  const links = Object.values(recordAt(checking.document, "links"));
  for (const name of servicesOf(step, checking))
    if (!links.some((link) => textAt(link, "from") === name && textAt(link, "proto") === "dns"))
      checking.complain(
        step.path,
        `write a link of proto: dns that comes from ${name}: it asks no name server, and has no resolv.conf of its own`,
      );
}

function hasSmallDisk(service: unknown): boolean {
  return isRecord(service) && recordAt(service, "limits")["disk"] !== undefined;
}

function hasRamp(written: unknown): boolean {
  if (Array.isArray(written)) return written.some(hasRamp);
  return isRecord(written) && ("ramp" in written || Object.values(written).some(hasRamp));
}

interface Silent {
  readonly name: string;
  readonly noun: ReturnType<typeof nounOf>;
}

/** Clients of the links that a step acts on. */
function silentClients({ where }: Raw, document: Raw): readonly Silent[] {
  const named = namedIn(where);
  const clients = Object.entries(recordAt(document, "links"))
    .filter(([link]) => named?.includes(link) ?? true)
    .map(([, link]) => textAt(link, "from") ?? "");
  return silentAmong(clients, document);
}

function silentAmong(names: readonly string[], document: Raw): readonly Silent[] {
  const services = recordAt(document, "services");
  return [...new Set(names)].flatMap((name) => {
    const raw = Object.hasOwn(services, name) ? services[name] : undefined;
    return isRecord(raw) && runsSomething(raw) && kindOf(raw) !== "program" ? [{ name, noun: nounOf(raw) }] : [];
  });
}
