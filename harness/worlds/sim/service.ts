/** A service whose lives are processes of a simulated machine. */
import { inspect } from "node:util";
import type { Address, Exit, Host, Log } from "../../../host/host.ts";
import type { Machine, Program } from "../../../host/sim/machine.ts";
import type { SimulatedIdentity } from "../../../host/sim/secure.ts";
import type { Service } from "../../plan/schema.ts";
import type { Signal } from "../../../faults/process/contract.ts";
import { createOrders, seedOf } from "../life.ts";
import type { Life, LifeEvents } from "../life.ts";
import { createLineSplitter, endOfLog, mostLogBytes } from "../lines.ts";
import type { LineSplitter } from "../lines.ts";
import { tellDoor, type StartedLink } from "../links.ts";
import type { ResolverTarget } from "../../../faults/resolver/contract.ts";
import { argumentsOf } from "../program.ts";
import { createService } from "../service.ts";
import type { SupervisedService } from "../service.ts";
import type { WorldOptions } from "../world.ts";
import { neutralPlaces } from "./places.ts";
import type { LoadedProgram } from "./programs.ts";
import { createTargets, type Refused } from "./targets.ts";
import { createSimTimekeeper } from "./timekeeper.ts";

export interface SimServiceOptions {
  readonly name: string;
  readonly service: Service;
  readonly machine: Machine;
  readonly program: LoadedProgram;
  readonly address: string;
  readonly identity: SimulatedIdentity;
  readonly world: WorldOptions;
  /** The harness's own. */
  readonly host: Host;
  readonly proxies: ReadonlyMap<string, StartedLink>;
  /** Whom its timekeeper asks, by link. */
  readonly servers: ReadonlyMap<string, Address>;
  /** How far its machine's clock is off, in milliseconds. */
  readonly clockOffset: () => number;
  /** Undefined: it asks no name server. */
  readonly resolver: ResolverTarget | undefined;
  readonly doorOf: (link: string) => string;
}

export interface SimService extends SupervisedService {
  /** Its machine has refused it something. */
  refused(what: Refused): void;
  /** Its log and its files, by their paths in the run folder. */
  remains(): ReadonlyMap<string, Uint8Array>;
}

export function createSimService(options: SimServiceOptions): SimService {
  const { name, service, machine, world, host } = options;
  const written = createLog();
  /** Once is enough: no verdict stands on what it does afterwards. */
  let cheated = false;
  const neutral = (text: string): string => neutralPlaces(text, options.program.folder);
  const say = (events: LifeEvents, event: string, fields: Readonly<Record<string, unknown>>): void =>
    events.onLine("out", neutral(JSON.stringify({ event, ...fields })), false);
  let current: { readonly life: Life; readonly events: LifeEvents } | undefined;
  const targets = createTargets({ machine, life: () => current?.life, resolver: options.resolver });

  const timekeeper = createSimTimekeeper(options);

  const startLife = async (number: number, events: LifeEvents): Promise<Life> => {
    await targets.starts();
    timekeeper?.start();
    const life = startProgram(number, events);
    current = { life, events };
    return life;
  };
  const startProgram = (number: number, events: LifeEvents): Life => {
    const orders = createOrders();
    const ended = Promise.withResolvers<Exit>();
    const linesOf = (stream: "out" | "err"): LineSplitter =>
      createLineSplitter((line, cut) => events.onLine(stream, neutral(line), cut));
    const output = { out: linesOf("out"), err: linesOf("err") };
    let gone = false;
    let pauses = 0;
    const hear: Log = (event, fields = {}) => {
      const ofDoor = tellDoor({ event, address: fields["address"] }, name, world.links, options.proxies);
      // The history has no addresses, in no world.
      const { address: _address, ...others } = fields;
      say(events, event, ofDoor ? others : fields);
    };
    const program: Program = machine.start({
      main: options.program.main,
      args: argumentsOf(service, { without: world.without.get(name) ?? [], doorOf: options.doorOf }),
      seed: seedOf(world.seed, name, number),
      log: hear,
      identity: options.identity,
      onExit(exit, error) {
        gone = true;
        for (const rest of [output.out, output.err]) rest.end();
        for (const line of describeCrash(error)) events.onLine("err", neutral(line), false);
        events.onExit({ ...exit, ordered: orders.isOrdered(exit) });
        ended.resolve(exit);
      },
      surroundings: {
        env: { ...service.env, SINBIN_SERVICE: name },
        write: (stream, text) => output[stream].feed(Buffer.from(text)),
        onForbidden(reason) {
          if (!cheated) world.record({ event: "run.trouble", reason });
          cheated = true;
        },
      },
    });
    const send = (signal: Signal): boolean => {
      // It may end of it at once.
      if (!gone) orders.delivered(signal);
      return program.signal(signal);
    };
    return {
      exited: ended.promise,
      isGone: () => gone,
      signal: async (signal) => send(signal),
      async pause() {
        if (!send("STOP")) return undefined;
        pauses += 1;
        const stack = new AsyncDisposableStack();
        stack.defer(() => {
          pauses -= 1;
          if (pauses === 0) send("CONT");
        });
        return stack;
      },
      order: () => orders.tell(),
    };
  };

  const supervised = createService({
    name,
    service,
    host,
    startLife,
    readFile: async (path) => machine.disk.read(path),
    newsOfEnds: async () => {},
    targets: { ...targets.targets, ...(timekeeper !== undefined && { timekeeper: timekeeper.target }) },
    address: (port) => ({ host: options.address, port }),
    record: world.record,
    write: (line) => written.write(line),
    onFields: (fields) => fields,
    onEnd: () => {},
    signal: world.signal,
  });

  return {
    ...supervised,
    clockOffset: async () => options.clockOffset(),
    refused(what) {
      targets.refused(what);
      if (current !== undefined && !current.life.isGone()) say(current.events, ...sayingOf(what, machine));
    },
    remains: () =>
      new Map<string, Uint8Array>([
        [`${name}.log`, written.bytes()],
        ...machine.disk.files().map((path) => [`${name}/${path}`, machine.disk.read(path)] as const),
      ]),
  };
}

/** Its log file, in memory. */
function createLog() {
  const lines: string[] = [];
  let bytes = 0;
  return {
    bytes: () => Buffer.from(lines.join("")),
    write(line: string) {
      if (bytes > mostLogBytes) return;
      bytes += line.length + 1;
      lines.push(bytes > mostLogBytes ? endOfLog(mostLogBytes) : `${line}\n`);
    },
  };
}

/** As the host of a real program says it. */
function sayingOf(what: Refused, { disk }: Machine): readonly [string, Readonly<Record<string, unknown>>] {
  return what === "disk" ? ["disk.refused", { code: disk.refuse }] : ["limits.refused", { limit: what }];
}

/** As Node prints what nobody has caught. */
function describeCrash(error: unknown): readonly string[] {
  if (error === undefined) return [];
  const text = error instanceof Error ? (error.stack ?? error.message) : `Uncaught ${inspect(error)}`;
  return text.split("\n");
}
