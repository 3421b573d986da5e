/**
 * JUnit XML, as CI systems read it: a suite is a run of a plan, a case an expectation. `unknown` is an `<error>`, never skipped: a test that did not
 * test must not look like one that did. A control is a case of its plan; a blind one is a `<failure>`.
 */
import type { Finding } from "../judge/finding.ts";
import { titleOf, titleOfControl, type Report, type ReportedControl, type ReportedRun } from "./report.ts";
import { timeOf, wordEvent } from "./wording.ts";

export function renderJunit({ runs, skipped, lost, seconds }: Report): string {
  const suites = [
    ...runs.map(suite),
    ...skipped.map(({ plan, reason }) => skippedSuite(plan, reason)),
    ...lost.map(lostSuite),
  ];
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="sinbin" time="${seconds.toFixed(3)}">`,
    ...suites,
    "</testsuites>",
  ];
  return `${lines.join("\n")}\n`;
}

function suite(run: ReportedRun): string {
  const title = titleOf(run);
  const cases = [
    ...run.findings.map((finding) => testCase(title, finding)),
    ...run.controls.map((control) => controlCase(title, control)),
  ];
  const failures =
    run.findings.filter(({ verdict }) => verdict === "fail").length +
    run.controls.filter(({ result }) => result === "blind").length;
  const errors = run.findings.filter(({ verdict }) => verdict === "unknown").length;
  const figures = attributes({
    name: title,
    tests: cases.length,
    failures,
    errors,
    skipped: 0,
    time: run.seconds.toFixed(3),
  });
  const properties = Object.entries({
    seed: run.seed,
    world: run.world,
    verdict: run.verdict,
    directory: run.directory,
  })
    .map(([name, value]) => `<property${attributes({ name, value })}/>`)
    .join("");
  return [
    `  <testsuite${figures}>`,
    `    <properties>${properties}</properties>`,
    ...cases,
    `    <system-out>${escape(`replay: ${run.replay}`)}</system-out>`,
    "  </testsuite>",
  ].join("\n");
}

function testCase(classname: string, finding: Finding): string {
  const { verdict, expectation, name, reason } = finding;
  const head = attributes({ classname, name: name === undefined ? expectation : `${name}: ${expectation}` });
  const message = attributes({ message: reason });
  const details = escape(detailsOf(finding));
  switch (verdict) {
    case "pass":
      return `    <testcase${head}/>`;
    case "warn":
      return `    <testcase${head}><system-out>${escape(`warning: ${reason}\n`)}${details}</system-out></testcase>`;
    case "fail":
      return `    <testcase${head}><failure${message}>${details}</failure></testcase>`;
    case "unknown":
      return `    <testcase${head}><error${message}>${details}</error></testcase>`;
    default:
      return verdict satisfies never;
  }
}

function controlCase(classname: string, { control, result, reason, replay, seconds }: ReportedControl): string {
  const head = attributes({ classname, name: `control: ${titleOfControl(control)}`, time: seconds.toFixed(3) });
  if (result === "red") return `    <testcase${head}/>`;
  return `    <testcase${head}><failure${attributes({ message: `blind: ${reason}` })}>${escape(`replay: ${replay}`)}</failure></testcase>`;
}

/** A plan that is not run here because the user asked for what this machine can do: that, and only that, is a skip. */
function skippedSuite(plan: string, reason: string): string {
  const head = attributes({ name: plan, tests: 1, failures: 0, errors: 0, skipped: 1 });
  const body = `<testcase${attributes({ classname: plan, name: "the plan" })}><skipped${attributes({ message: reason })}/></testcase>`;
  return `  <testsuite${head}>\n    ${body}\n  </testsuite>`;
}

function lostSuite({ title, reason }: Report["lost"][number]): string {
  const head = attributes({ name: title, tests: 1, failures: 0, errors: 1, skipped: 0 });
  const body = `<testcase${attributes({ classname: title, name: "the plan" })}><error${attributes({ message: `there is no result: ${reason}` })}/></testcase>`;
  return `  <testsuite${head}>\n    ${body}\n  </testsuite>`;
}

function detailsOf({ reason, at, evidence }: Finding): string {
  const values = Object.entries(evidence?.values ?? {}).map(([read, value]) => `${read}: ${value}`);
  const events = (evidence?.events ?? []).map((event) => `${timeOf(event.at)}  ${wordEvent(event)}`);
  return [`${reason}${at === undefined ? "" : `, at ${timeOf(at)}`}`, ...values, ...events].join("\n");
}

function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${escape(String(value)).replaceAll("\n", "&#10;")}"`)
    .join("");
}

/** XML 1.0 has no way to write most control characters, nor half a surrogate pair: they are left out. */
function escape(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[^\t\n\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, "")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
