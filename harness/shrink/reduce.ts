/**
 * Makes a failing plan smaller, one way after another, until none of them makes it smaller any more:
 *
 *     occurrences ──► phases ──► services and links ──► earlier and shorter ──► milder ──┬──► rounder
 *          ▲                                                                              │
 *          └───────────────────────── as long as something changes ───────────────────────┘
 *
 * Pure but for the question that it asks: does this one still fail?
 */
import { z } from "zod";
import { strengthsOf } from "../../faults/strength.ts";
import { durationUnit, settle } from "../../faults/units.ts";
import { faultKey, faultOf } from "../../faults/key.ts";
import { recordAt, textAt } from "../plan/raw.ts";
import type { Raw } from "../plan/raw.ts";
import type { PlanDocument } from "../plan/schema.ts";
import { ddmin } from "./ddmin.ts";
import {
  isOfTheEnd,
  isWarmUp,
  readDuration,
  phasesOf,
  placedSteps,
  replacePhase,
  replaceStep,
  stepsOf,
  withPhases,
  withSteps,
  withoutLink,
  withoutObservation,
  withoutService,
} from "./document.ts";
import { lowered, rounded } from "./lower.ts";

export type Fails = (document: PlanDocument) => Promise<boolean>;

/** `document` fails. The result does, too; if `fails` has answered truly to the end, it does not without any one of its steps. */
export async function reduce(
  document: PlanDocument,
  fails: Fails,
  onSmaller: (document: PlanDocument) => void = () => {},
): Promise<PlanDocument> {
  // A plan that fails by itself when it is taken apart shows nothing: its faults have to be what it fails by.
  const needed = !(await fails(withSteps(document, [])));
  const byFaults: Fails = async (candidate) => {
    if (!(await fails(candidate))) return false;
    if (needed && (await fails(withSteps(candidate, [])))) return false;
    // Whatever is tried is a smaller form of what is left.
    onSmaller(candidate);
    return true;
  };

  let left = document;
  for (let before: PlanDocument | undefined; JSON.stringify(left) !== JSON.stringify(before);) {
    before = left;
    for (const pass of smaller) left = await pass(left, byFaults);
  }
  for (const pass of neater) left = await pass(left, byFaults);
  return fewerSteps(left, byFaults);
}

type Pass = (document: PlanDocument, fails: Fails) => Promise<PlanDocument>;

const fewerSteps: Pass = async (document, fails) =>
  withSteps(document, await ddmin(placedSteps(document), (kept) => fails(withSteps(document, kept))));

/** Of steps that still wait for their condition. */
const fewerTimes: Pass = (document, fails) =>
  eachStep(document, fails, async (step, failsWith) => {
    if (step["when"] === undefined && step["while"] === undefined) return step;
    const once = { ...step, times: 1 };
    if (step["times"] === 1) return step;
    if (await failsWith(once)) return once;
    const { times } = step;
    if (typeof times !== "number") return step;
    return { ...step, times: await lowered(times, 1, Math.round, (value) => failsWith({ ...step, times: value })) };
  });

const fewerPhases: Pass = (document, fails) =>
  firstOf(
    document,
    fails,
    // What is true at the end is another thing after another phase.
    isOfTheEnd(document)
      ? []
      : phasesOf(document)
          .keys()
          .filter((index) => !isWarmUp(document, index) && stepsOf(phasesOf(document)[index] ?? {}).length === 0)
          .map((index) =>
            withPhases(
              document,
              phasesOf(document).filter((_phase, position) => position !== index),
            ),
          )
          .toArray()
          .toReversed(),
  );

const fewerPlaces: Pass = (document, fails) =>
  firstOf(document, fails, [
    ...Object.keys(recordAt(document, "services")).map((name) => withoutService(document, name)),
    ...Object.keys(recordAt(document, "links")).map((name) => withoutLink(document, name)),
    ...Object.keys(recordAt(document, "observe")).map((name) => withoutObservation(document, name)),
  ]);

/** All occurrences of a phase by the same time: the first at its beginning, or half as far from it. */
const earlier: Pass = async (document, fails) => {
  let left = document;
  for (const index of phasesOf(document).keys()) {
    const times = stepsOf(phasesOf(left)[index] ?? {}).map((step) => readDuration(step["at"]) ?? 0);
    const first = Math.min(...times);
    if (times.length === 0 || first <= 0) continue;
    const moved = (by: number): PlanDocument => {
      const phase = phasesOf(left)[index] ?? {};
      const faults = stepsOf(phase).map((step) => timed(step, "at", (readDuration(step["at"]) ?? 0) - by));
      return replacePhase(left, index, { ...phase, faults });
    };
    const start = await lowered(first, 0, tidyTime, (value) => fails(moved(first - value)));
    if (start < first) left = moved(first - start);
  }
  return left;
};

const shorterPhases: Pass = async (document, fails) => {
  if (isOfTheEnd(document)) return document;
  let left = document;
  for (const [index, phase] of phasesOf(document).entries()) {
    const length = readDuration(phase["for"]);
    if (length === undefined || length <= shortest) continue;
    const at = (value: number): PlanDocument =>
      replacePhase(left, index, { ...phase, for: durationUnit.format(value) });
    left = at(await lowered(length, shortest, tidyTime, (value) => fails(at(value))));
  }
  return left;
};

const shorterFaults: Pass = (document, fails) =>
  eachStep(document, fails, async (step, failsWith) => {
    const length = readDuration(step["for"]);
    if (length === undefined || length <= shortest) return step;
    const value = await lowered(length, shortest, tidyTime, (shorter) => failsWith(timed(step, "for", shorter)));
    return timed(step, "for", value);
  });

/** Every parameter that says from what to what it can go. */
const milder: Pass = (document, fails) =>
  eachStep(document, fails, async (step, failsWith) => {
    let left = step;
    for (const [key, name] of parametersOf(step)) {
      const parameter = faultOf(key)?.parameters.shape[name];
      const strengths = parameter === undefined ? undefined : strengthsOf(parameter);
      const written = recordAt(left, key)[name];
      if (strengths === undefined || (typeof written !== "string" && typeof written !== "number")) continue;
      const { unit, mildest } = strengths;
      const value = unit.parse(String(written));
      // It is milder than the mildest already, or no scalar at all.
      if (!Number.isFinite(value) || (mildest - value) * (mildest - strengths.severest) <= 0) continue;
      const at = (milderValue: number): Raw => ({
        ...left,
        [key]: { ...recordAt(left, key), [name]: unit.name === "count" ? milderValue : unit.format(milderValue) },
      });
      const tidy = (figure: number): number => settle(unit, rounded(figure));
      left = at(await lowered(value, mildest, tidy, (figure) => failsWith(at(figure))));
    }
    return left;
  });

/** Times that a person would have written: not always shorter ones, so that this is done once. */
const rounder: Pass = (document, fails) =>
  eachStep(document, fails, async (step, failsWith) => {
    let left = step;
    for (const key of ["at", "for"] as const) {
      const value = readDuration(left[key]);
      if (value === undefined) continue;
      for (const unit of [60_000, 10_000, 1000, 500, 100, 50, 10, 1]) {
        const round: number = Math.round(value / unit) * unit;
        if (round === value) break;
        if (key === "for" && round === 0) continue;
        const candidate = timed(left, key, round);
        if (!(await failsWith(candidate))) continue;
        left = candidate;
        break;
      }
    }
    return left;
  });

/** What lasts to the end of its phase need not say how long. */
const toTheEnd: Pass = (document, fails) =>
  eachStep(document, fails, async (step, failsWith) => {
    const { for: length, ...rest } = step;
    const phase = phasesOf(document).find((each) => stepsOf(each).some(({ name }) => name === step["name"]));
    const end = (readDuration(step["at"]) ?? 0) + (readDuration(length) ?? Infinity);
    const ends = end < Infinity && end >= (readDuration(phase?.["for"]) ?? Infinity);
    return ends && (await failsWith(rest)) ? rest : step;
  });

/** Parameters that may as well be what they are unless told. */
const fewerParameters: Pass = (document, fails) =>
  eachStep(document, fails, async (step, failsWith) => {
    let left = step;
    for (const [key, name] of parametersOf(step)) {
      if (!(faultOf(key)?.parameters.shape[name] instanceof z.ZodPrefault)) continue;
      const { [name]: _dropped, ...rest } = recordAt(left, key);
      const candidate = { ...left, [key]: rest };
      if (await failsWith(candidate)) left = candidate;
    }
    return left;
  });

/** The only occurrence that is left of its step needs no number, if it need not draw what it drew. */
const plainer: Pass = (document, fails) =>
  eachStep(document, fails, async (step, failsWith) => {
    const [name = "", number] = (textAt(step, "name") ?? "").split("#");
    if (number === undefined || number === "0") return step;
    const alone =
      placedSteps(document).filter((other) => textAt(other.step, "name")?.split("#")[0] === name).length === 1;
    const candidate = { ...step, name: `${name}#0` };
    return alone && (await failsWith(candidate)) ? candidate : step;
  });

/** Each only ever takes something away, so that they come to an end. */
const smaller: readonly Pass[] = [
  fewerSteps,
  fewerTimes,
  fewerPhases,
  fewerPlaces,
  earlier,
  shorterFaults,
  shorterPhases,
  milder,
];
const neater: readonly Pass[] = [rounder, fewerParameters, toTheEnd, plainer];

/** Shorter is nothing that anybody would notice. */
const shortest = 1;

/** Each step by itself, the others as they are by then. */
async function eachStep(
  document: PlanDocument,
  fails: Fails,
  change: (step: Raw, failsWith: (step: Raw) => Promise<boolean>) => Promise<Raw>,
): Promise<PlanDocument> {
  let left = document;
  for (const position of placedSteps(document).keys()) {
    const step = placedSteps(left)[position]?.step;
    if (step === undefined) break;
    const around = left;
    left = replaceStep(around, step, await change(step, (candidate) => fails(replaceStep(around, step, candidate))));
  }
  return left;
}

async function firstOf(
  document: PlanDocument,
  fails: Fails,
  candidates: readonly PlanDocument[],
): Promise<PlanDocument> {
  for (const candidate of candidates) if (await fails(candidate)) return candidate;
  return document;
}

function parametersOf(step: Raw): readonly (readonly [string, string])[] {
  return Object.keys(step).flatMap((key) => {
    const fault = faultOf(key);
    return fault === undefined || key !== faultKey(fault.kind)
      ? []
      : Object.keys(recordAt(step, key)).map((name) => [key, name] as const);
  });
}

function timed(step: Raw, key: "at" | "for", milliseconds: number): Raw {
  if (step[key] === undefined && milliseconds === 0) return step;
  const value = durationUnit.format(tenths(Math.max(0, milliseconds)));
  if (key !== "at" || milliseconds > 0) return { ...step, [key]: value };
  const { at: _at, ...rest } = step;
  return rest;
}

const tenths = (milliseconds: number): number => Math.round(milliseconds * 10) / 10;
const tidyTime = (milliseconds: number): number => Math.max(1, Math.round(rounded(milliseconds)));
