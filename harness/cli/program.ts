/**
 * What there is to command. Commands are loaded when they are asked for, so that `sinbin --help` and the step into namespaces stay quick.
 *
 * Exit codes: 0 pass, 1 fail, 2 unknown, 254 bad plan or arguments, 255 a bug, 130 interrupted.
 */
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { HarnessError, PlanError, UsageError } from "../errors.ts";
import type { Batch } from "../hunt/ledger.ts";
import { exitCodes } from "./exit.ts";
import { fromGoFlags } from "./go-flags.ts";
import { Bug, reportBug } from "./interrupt.ts";
import type { Interrupts } from "./interrupt.ts";
import type { DaemonFlags } from "./daemon.ts";
import type { HuntFlags } from "./hunt.ts";
import type { CellValue } from "./plans.ts";
import type { ProxyFlags } from "./proxy.ts";
import type { ReapFlags } from "./reap.ts";
import type { ReplayFlags } from "./replay.ts";
import type { Isolation } from "../worlds/local/isolate.ts";
import type { ShrinkFlags } from "./shrink.ts";
import type { RunFlags } from "./suite.ts";
import type { TourFlags } from "./tour.ts";
import { worldNames } from "../worlds/world.ts";
import { elsewhere } from "./swarm-flags.ts";
import { version } from "./version.ts";
import type { SwitchedOff } from "./without.ts";

/** Runs the command line; resolves with the exit code. */
export async function runCommandLine(interrupts: Interrupts): Promise<number> {
  let exitCode: number = exitCodes.pass;
  const program = new Command("sinbin")
    .description("Runs fault plans against daemons, and says what held: docs/plans.md")
    .version(version)
    .showSuggestionAfterError()
    .showHelpAfterError('(see "sinbin --help")')
    .exitOverride()
    .enablePositionalOptions();

  program
    .command("run")
    .description("run plans; a folder stands for every plan below it, but for those in folders called lib")
    .argument("<plan...>", "plan files or folders")
    .option(
      "--world <world>",
      "where the services run: local (processes of this machine; the default), docker (containers) or sim (simulated, in virtual time; the default in a swarm)",
      oneOf(worldNames),
    )
    .option("--seed <number>", "another seed than the plan's", wholeNumber)
    .option("--cell <name=value>", "only these cells of a plan's matrix; can be repeated", cellValue)
    .option("--out <folder>", "where run folders go", "runs")
    .option("--junit <file>", "also write all results there, for a CI system")
    .option("--controls", "then again with each guard switched off that the plan's controls name: each must fail")
    .option("--without <service:guard>", "switch a guard off; can be repeated", switchedOff)
    .option("--twice", "sim only: run each plan once more, and say at which event the two histories part, if they do")
    .option("--nightly", "also the plans of a folder whose tier is nightly: they take long")
    .option("--available", "leave out, by name, the plans that need what this machine lacks")
    .option(
      "--jobs <number>",
      "runs at a time; by default one a core in sim, and one elsewhere, as they share the cores",
      numberBetween(1, 256),
    )
    .option("--no-isolation", "loopback and free ports, even where namespaces could be had")
    .addOption(onOption())
    .addOption(imageOption())
    .addOption(perNodeOption("runs at a time on each node; by default half of its cores"))
    .action(async (plans: string[], given: Omit<RunFlags, "world"> & Partial<Pick<RunFlags, "world">>) => {
      const options: RunFlags = { ...given, world: given.world ?? (given.on === undefined ? "local" : "sim") };
      const isolation = await isolationFor(options, interrupts.signal);
      const { run } = await import("./run.ts");
      exitCode = await run(plans, options, isolation, interrupts.signal);
    });

  program
    .command("tour")
    .description(
      "every plan of a folder in the simulated world, some of them with their controls and as real processes, too, and all verdicts in one table",
    )
    .argument("<folder>", "the plans, a folder a kind")
    .requiredOption("--real <plan...>", "which of them are run with their controls, and as real processes, too")
    .option("--out <folder>", "where run folders go", "runs")
    .option("--no-isolation", "loopback and free ports, even where namespaces could be had")
    .action(async (folder: string, options: TourFlags) => {
      const { realJobs, tour } = await import("./tour.ts");
      const isolation = await isolationFor({ ...options, world: "local", jobs: realJobs }, interrupts.signal);
      exitCode = await tour(folder, options, isolation, interrupts.signal);
    });

  program
    .command("job", { hidden: true })
    .addOption(new Option("--world <world>").argParser(oneOf(worldNames)).makeOptionMandatory())
    .option("--no-isolation")
    .action(async (options: Pick<RunFlags, "world" | "isolation">) => {
      const isolation = await isolationFor(options, interrupts.signal);
      const { job } = await import("./job.ts");
      exitCode = await job(isolation, interrupts.signal);
    });

  program
    .command("hunt")
    .description("run one plan under many seeds in the simulated world, until one of them fails")
    .argument("<plan>", "plan file")
    .option("--seeds <number>", "how many", numberBetween(1, 1_000_000), 1000)
    .option("--seed <number>", "the first one; by default the plan's", wholeNumber)
    .option("--jobs <number>", "threads; by default one a core", numberBetween(1, 256))
    .option("--mix", "add a random subset of all faults, within the bounds of the plan's mix")
    .option("--keep-going", "run all seeds, and say how many fail by which expectation")
    .option("--without <service:guard>", "switch a guard off; can be repeated", switchedOff)
    .option("--cell <name=value>", "only these cells of a plan's matrix; can be repeated", cellValue)
    .option("--out <folder>", "where run folders go", "runs")
    .option("--no-shrink", "leave what fails as large as it is")
    .addOption(onOption())
    .addOption(imageOption())
    .addOption(perNodeOption("threads on each node; by default half of its cores"))
    .addOption(new Option("--part <from:count>").argParser(partOf).hideHelp())
    .action(async (plan: string, options: HuntFlags) => {
      const { hunt } = await import("./hunt.ts");
      exitCode = await hunt(plan, options, interrupts.signal);
    });

  program
    .command("replay")
    .description("a recorded run again, from its folder, and how faithful that was")
    .argument("<run>", "run folder, such as runs/…/sighup-storm")
    .option("--schedule", "exactly what was recorded, even if the plan has changed since")
    .option("--world <world>", "in another world than that of the run", oneOf(worldNames))
    .option("--out <folder>", "where run folders go", "runs")
    .option("--no-isolation", "loopback and free ports, even where namespaces could be had")
    .action(async (directory: string, options: ReplayFlags) => {
      const { readRun, replay } = await import("./replay.ts");
      const record = await readRun(directory);
      const { isolate } = await import("../worlds/local/isolate.ts");
      const wanted = options.isolation && (options.world ?? record.run.world) === "local";
      const isolation = await isolate({ wanted, signal: interrupts.signal });
      exitCode = await replay(record, options, isolation, interrupts.signal);
    });

  program
    .command("shrink")
    .description("a failing run as the smallest plan that fails by the same expectation")
    .argument("<run>", "run folder, such as runs/…/sighup-storm")
    .option("--out <file>", "where the plan goes; by default shrunk.yaml in the run folder")
    .option("--attempts <number>", "how many plans may be tried", numberBetween(1, 1_000_000), 500)
    .option("--no-isolation", "loopback and free ports, even where namespaces could be had")
    .action(async (directory: string, options: ShrinkFlags) => {
      const { readRun } = await import("./replay.ts");
      const record = await readRun(directory);
      const { isolate } = await import("../worlds/local/isolate.ts");
      const wanted = options.isolation && record.run.world === "local";
      const isolation = await isolate({ wanted, signal: interrupts.signal });
      const { shrink } = await import("./shrink.ts");
      exitCode = await shrink(record, options, isolation, interrupts.signal);
    });

  program
    .command("check")
    .description("say all that is wrong with plans, without starting anything")
    .argument("<plan...>", "plan files or folders")
    .action(async (plans: string[]) => {
      const { check } = await import("./check.ts");
      exitCode = await check(plans);
    });

  program
    .command("explain")
    .description("show what a plan will do: its timeline, what is random and between which bounds, what it needs")
    .argument("<plan>", "plan file")
    .option("--seed <number>", "another seed than the plan's", wholeNumber)
    .action(async (plan: string, options: { readonly seed?: number }) => {
      const { explainPlan } = await import("./explain.ts");
      exitCode = await explainPlan(plan, options);
    });

  program
    .command("faults")
    .description("the catalogue of faults")
    .argument("[kind]", "one fault, such as tcp.latency, or a plane, such as tcp")
    .option("--markdown", "as docs/faults.md has it")
    .option("--of <subject file>", "those that a daemon declares, such as planetlab/plc/subject.yaml")
    .action(async (kind: string | undefined, options: { readonly markdown?: boolean; readonly of?: string }) => {
      const { showFaults } = await import("./faults.ts");
      await showFaults(kind, options);
    });

  program
    .command("schema")
    .description("the JSON Schema (draft-07) of plans, for editors")
    .option("--of <subject file>", "which knows the faults that a daemon declares")
    .action(async ({ of }: { readonly of?: string }) => {
      const { renderJsonSchema } = await import("../plan/json-schema.ts");
      if (of === undefined) return void process.stdout.write(renderJsonSchema());
      const { readSubjectFile } = await import("./subject.ts");
      const { repertoireOf } = await import("../plan/repertoire.ts");
      process.stdout.write(renderJsonSchema(repertoireOf([await readSubjectFile(of)])));
    });

  program
    .command("doctor")
    .description("which worlds and capabilities work on this machine, and what to install for the others")
    .action(async () => {
      const { doctor } = await import("./doctor.ts");
      exitCode = await doctor();
    });

  program
    .command("proxy")
    .description(
      "proxies without a plan, until interrupted: with a control API as Toxiproxy's, or, given two addresses, one with faults",
    )
    .argument("[listen]", "where clients find the one proxy: a port of this machine, for this machine, or HOST:PORT")
    .argument("[server]", "where the server is: HOST:PORT")
    .option(
      "--fault <fault>",
      "as in a plan, such as 'tcp.latency: { delay: 100ms }' or 'dns.empty: {}, match: { qname: plc.test }, nth: 3'; can be repeated",
      oneMore,
    )
    .option("--udp", "the one proxy is for datagrams, as it is with faults of udp anyway")
    .option("--dns", "for DNS, over UDP and TCP, as it is with faults of dns anyway: each message is told of")
    .option("--ntp", "for NTP, as it is with faults of ntp anyway: each packet is told of")
    .option("--tls", "the one proxy is for TLS: faults of http act on the requests within it")
    .option(
      "--upstream-ca <file>",
      "whom to trust where a proxy speaks TLS to a server: certificates (PEM), or 'system'; by default, Node's",
    )
    .option("--seed <number>", "what random decisions of faults are drawn from", anySeed, 1)
    .option("--host <host>", "where the control API listens (127.0.0.1)")
    .option("--port <number>", "and on which port (8474)", numberBetween(0, 65_535))
    .option("--config <file>", "what to begin with: Toxiproxy's JSON, or links and faults in YAML")
    .option("--metrics", "answer GET /metrics, for Prometheus")
    .option("--runtime-metrics", "there, what this process needs as well")
    .option("--allow-host <name>", "a name that requests to the API may be addressed to; can be repeated", oneMore)
    .action(async (listen: string | undefined, server: string | undefined, options: ProxyFlags & DaemonFlags) => {
      interrupts.goOnUnread();
      if (listen === undefined) {
        const { daemon } = await import("./daemon.ts");
        exitCode = await daemon(options, interrupts.signal);
      } else {
        const { proxy } = await import("./proxy.ts");
        exitCode = await proxy(listen, server, options, interrupts.signal);
      }
    });

  program
    .command("reap")
    .description(
      "remove what earlier runs left at the Docker engine: containers, networks and volumes of runs that are no more",
    )
    .option("--all", "those of other machines, and those that run now, as well")
    .option("--images", "the images that sinbin has built, too")
    .action(async (options: ReapFlags) => {
      const { reap } = await import("./reap.ts");
      exitCode = await reap(options);
    });

  for (const command of program.commands) command.showHelpAfterError(`(see "sinbin ${command.name()} --help")`);

  try {
    await program.parseAsync(fromGoFlags(process.argv.slice(2)), { from: "user" });
    return exitCode;
  } catch (error) {
    return exitCodeOf(error, interrupts);
  }
}

/** Steps into namespaces, where runs are carried out in this very process. */
async function isolationFor(
  { world, isolation, on, jobs = 1 }: Pick<RunFlags, "world" | "isolation" | "on" | "jobs">,
  signal: AbortSignal,
): Promise<Isolation> {
  const { findHindrance, isolate } = await import("../worlds/local/isolate.ts");
  const wanted = isolation && world === "local" && on === undefined;
  if (!wanted || jobs === 1) return isolate({ wanted, signal });
  const reason = await findHindrance();
  return reason === undefined ? { isolated: true } : { isolated: false, reason };
}

function onOption(): Option {
  return new Option("--on <machines>", "swarm: on the nodes of the Docker Swarm that the engine manages").argParser(
    oneOf(elsewhere),
  );
}

function imageOption(): Option {
  return new Option("--image <image>", "with --on: sinbin's image in a registry, for the nodes to fetch");
}

function perNodeOption(description: string): Option {
  return new Option("--per-node <number>", `with --on: ${description}`).argParser(numberBetween(1, 256));
}

/** Of a hunt: attempts by number. */
function partOf(text: string): Batch {
  const [, from, count] = /^(\d{1,9}):(\d{1,9})$/.exec(text) ?? [];
  if (from === undefined || count === undefined || Number(count) < 1)
    throw new InvalidArgumentError("write FROM:COUNT.");
  return { from: Number(from), count: Number(count) };
}

function oneOf(values: readonly string[]): (text: string) => string {
  return (text) => {
    if (!values.includes(text)) throw new InvalidArgumentError(`write one of: ${values.join(", ")}.`);
    return text;
  };
}

function cellValue(text: string, before: readonly CellValue[] = []): readonly CellValue[] {
  const [, name, value] = /^([^=]+)=(.*)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError("write NAME=VALUE.");
  return [...before, { name, value }];
}

function oneMore(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

function switchedOff(text: string, before: readonly SwitchedOff[] = []): readonly SwitchedOff[] {
  const [, service, guard] = /^([^:]+):(.+)$/.exec(text) ?? [];
  if (service === undefined || guard === undefined) throw new InvalidArgumentError("write SERVICE:GUARD.");
  return [...before, { service, guard }];
}

function numberBetween(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (!/^\d{1,15}$/.test(text) || number < least || number > most)
      throw new InvalidArgumentError(`write a whole number from ${least} to ${most}.`);
    return number;
  };
}

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError("write a whole number from 0 to 999999999999999.");
  return Number(text);
}

/** Toxiproxy's users give nanoseconds since 1970, of which the last digits differ: the low 53 bits are what a number holds. */
function anySeed(text: string): number {
  if (!/^-?\d{1,19}$/.test(text)) throw new InvalidArgumentError("write a whole number.");
  return Number(BigInt.asUintN(53, BigInt(text)));
}

function exitCodeOf(error: unknown, interrupts: Interrupts): number {
  const { signal } = interrupts;
  if (signal.reason instanceof Bug) return exitCodes.bug;
  if (signal.aborted) {
    console.error("sinbin: interrupted; everything that it had started was stopped");
    return exitCodes.interrupted;
  }
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.usage;
  if (error instanceof PlanError || error instanceof UsageError) {
    console.error(error.message);
    return exitCodes.usage;
  }
  if (error instanceof HarnessError) {
    console.error(`sinbin: ${error.message}`);
    return exitCodes.unknown;
  }
  reportBug(error);
  return exitCodes.bug;
}
