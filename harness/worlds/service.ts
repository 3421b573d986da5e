/** A service through all its lives: readiness, signals, supervision, its last lines. */
import { aborted } from "../../host/aborted.ts";
import type { Address, Clock, Exit, Host } from "../../host/host.ts";
import { createDeadline } from "../../host/deadline.ts";
import type { Targets } from "../../faults/targets.ts";
import { formatDuration } from "../../faults/units.ts";
import { WorldError } from "../errors.ts";
import type { RecordEvent } from "../history/event.ts";
import type { Service } from "../plan/schema.ts";
import type { RunningService } from "./world.ts";
import { createDeclared } from "./declared.ts";
import { longestLineBytes, parseFields } from "./lines.ts";
import type { Life, LifeEvents } from "./life.ts";
import { becomesReady, describeReadiness } from "./readiness.ts";

const lastLinesKept = 20;
/** The history is kept in memory; a daemon that says more than this has to be tested another way. Its log file has all of it. */
const mostLines = 200_000;

export interface ServiceOptions {
  readonly name: string;
  readonly service: Service;
  /** The harness's own. */
  readonly host: Host;
  /** For how long the machine takes to start and stop it, where the host's clock is another; the host's unless given. */
  readonly machineClock?: Clock;
  /** Starts its n-th life, from 0. @throws {WorldError} if it can't. */
  readonly startLife: (life: number, events: LifeEvents) => Promise<Life>;
  readonly readFile: (path: string) => Promise<Uint8Array>;
  /** What the faults of the other planes act on. */
  readonly targets: Omit<Targets, "process" | "declared">;
  /** Resolves when whatever has ended by now is known to have ended. */
  readonly newsOfEnds: () => Promise<void>;
  readonly address: (port: number) => Address;
  readonly record: RecordEvent;
  /** Everything that it writes, for its log file. */
  readonly write: (line: string) => void;
  /** A structured line; what it returns is what the history shall know of it. */
  readonly onFields: (fields: Fields) => Fields | undefined;
  readonly onEnd: () => void;
  /** A life of it has got ready. @throws {WorldError} */
  readonly onReady?: () => Promise<void>;
  /** Resolves when the health check of the life's image has passed, in a world of images. @throws {WorldError} if the image has none. */
  readonly healthy?: (signal: AbortSignal) => Promise<void>;
  readonly signal: AbortSignal;
}

export type Fields = { readonly event: string } & Readonly<Record<string, unknown>>;

export interface SupervisedService extends RunningService {
  /** Asks it to end, for good, and kills it when the time is over. */
  end(milliseconds: number): Promise<void>;
}

interface Current {
  readonly life: Life;
  isReady: boolean;
  readonly ready: Promise<void>;
}

export function createService(options: ServiceOptions): SupervisedService {
  const { name, service, host, record, signal } = options;
  const { machineClock = host.clock } = options;
  const lastLines: string[] = [];
  let current: Current | undefined;
  let starting: Promise<Current> | undefined;
  /** Aborted when there is no need to wait any longer until it comes back by itself. */
  let comeback = new AbortController();
  let lives = 0;
  let lines = 0;
  let hasLost = false;
  /** Whether it shall come back by itself, if the plan has it supervised. */
  let wanted = false;
  let ending = false;

  const control = service.subject?.control;
  const declared =
    control === undefined
      ? undefined
      : createDeclared({
          service: name,
          host,
          control,
          address: options.address,
          isReady: () => current?.isReady === true && !current.life.isGone(),
          signal,
        });

  const onLine = (stream: "out" | "err", line: string, cut: boolean, onEvent: (event: string) => void): void => {
    lastLines.push(line);
    if (lastLines.length > lastLinesKept) lastLines.shift();
    options.write(line);
    lines++;
    if (lines > mostLines) {
      const reason = `${name} wrote more than ${mostLines} lines`;
      if (lines === mostLines + 1) record({ event: "run.trouble", reason });
      return;
    }
    // What it would have said is lost, and a signal that keeps its old value would be a lie.
    if (cut && line.startsWith("{") && !hasLost) {
      hasLost = true;
      const limit = `${longestLineBytes / 1024} KiB`;
      const reason = `${name} wrote a line longer than ${limit} that begins as a structured one: its fields are lost; let it say less in one line`;
      record({ event: "run.trouble", reason });
    }
    const fields = parseFields(line);
    if (fields === undefined) {
      record({ event: "service.log", service: name, stream, line });
      return;
    }
    if (declared?.hear(fields) === true) return;
    const told = options.onFields(fields);
    if (told !== undefined) record({ event: "service.log", service: name, stream, fields: told });
    onEvent(fields.event);
  };

  const onExit = ({ code, signal, ordered }: Exit & { readonly ordered: boolean }): void => {
    record({
      event: "service.exit",
      service: name,
      ...(code !== undefined && { code }),
      ...(signal !== undefined && { signal }),
      ordered,
    });
    current = undefined;
    options.onEnd();
    if (wanted && !ending && service.restart !== undefined) void comeBack(service.restart.after);
  };

  const comeBack = async (after: number): Promise<void> => {
    comeback = new AbortController();
    try {
      await host.clock.sleep(after, { signal: comeback.signal });
    } catch {
      // Somebody else has started it, or nobody wants it back.
      return;
    }
    try {
      await start();
    } catch (error) {
      if (!ending && !signal.aborted) record({ event: "run.trouble", reason: messageOf(error) });
    }
  };

  const startOne = async (): Promise<Current> => {
    const events = new EventTarget();
    const over = new AbortController();
    const listeners = new Set<(line: string) => void>();
    // Some lives have a lot to say before whoever starts them knows that they run: it is heard when somebody listens.
    const early: (() => void)[] = [];
    let isBegun = false;
    const inTurn = (happen: () => void): void => {
      if (isBegun) happen();
      else early.push(happen);
    };
    const life = await options.startLife(lives++, {
      onLine: (stream, line, cut) =>
        inTurn(() => {
          onLine(stream, line, cut, (event) => events.dispatchEvent(new Event(event)));
          for (const hear of listeners) hear(line);
        }),
      onExit: (exit) =>
        inTurn(() => {
          over.abort();
          onExit(exit);
        }),
    });
    record({ event: "service.start", service: name });
    const becomeReady = async (): Promise<void> => {
      await becomesReady({
        service,
        host: { ...host, clock: machineClock },
        events,
        listeners,
        address: options.address,
        healthy: options.healthy,
        signal: over.signal,
      });
      over.signal.throwIfAborted();
      record({ event: "service.ready", service: name });
      begun.isReady = true;
      await options.onReady?.();
      await declared?.ready().catch((error: unknown) => {
        if (!(error instanceof WorldError)) throw error;
        record({ event: "run.trouble", reason: error.message });
      });
    };
    const ready = becomeReady();
    // Only the first start waits for it; a later one that never gets ready shows in the history by what is missing.
    ready.catch(() => {});
    const begun: Current = { life, ready, isReady: false };
    current = begun;
    isBegun = true;
    for (const happen of early) happen();
    return begun;
  };

  const start = async (): Promise<Current> => {
    wanted = true;
    // One that has ended, but whose last lines are still on their way, is about to make room.
    if (current?.life.isGone() === true) await current.life.exited;
    comeback.abort();
    signal.throwIfAborted();
    if (ending) throw new WorldError(`${name} can't be started: the world ends`);
    if (current !== undefined) return current;
    starting ??= startOne().finally(() => (starting = undefined));
    return starting;
  };

  /** The life that goes on, if one does. */
  const findLife = async (): Promise<Life | undefined> => {
    await starting?.catch(() => {});
    await options.newsOfEnds();
    return current?.life.isGone() === false ? current.life : undefined;
  };

  const stop = async (milliseconds: number): Promise<boolean> => {
    const life = await findLife();
    if (life === undefined) return false;
    wanted = false;
    life.order();
    await life.signal("TERM", "main");
    // What is stopped hears nothing else.
    await life.signal("CONT", "group");
    using patience = createDeadline(machineClock, milliseconds, { signal });
    await Promise.race([life.exited, aborted(patience.signal)]);
    if (!life.isGone()) await life.signal("KILL", "group");
    await life.exited;
    return true;
  };

  return {
    name,
    lastLines: () => [...lastLines],
    readFile: options.readFile,
    address: async (port) => options.address(port),
    targets: {
      ...options.targets,
      ...(declared !== undefined && { declared: declared.target }),
      process: {
        name,
        signal: async (signal, to) => (await findLife())?.signal(signal, to) ?? false,
        pause: async (to) => (await findLife())?.pause(to),
        stop: () => stop(service.stop_timeout),
        start: async () => void (await start()),
      },
    },
    async begin() {
      const { life, ready } = await start();
      using deadline = createDeadline(machineClock, service.start_timeout, { signal });
      const trouble = await Promise.race([
        ready.then(
          () => undefined,
          (error: unknown) => (error instanceof WorldError ? error.message : life.exited.then(describeExit)),
        ),
        life.exited.then(describeExit),
        aborted(deadline.signal).then(
          () => `was not ready within ${formatDuration(service.start_timeout)}: ${describeReadiness(service)}`,
        ),
      ]);
      signal.throwIfAborted();
      if (trouble !== undefined) throw new WorldError(`${name} ${trouble}`, { log: lastLines });
    },
    async end(milliseconds) {
      ending = true;
      comeback.abort();
      await stop(Math.min(milliseconds, service.stop_timeout));
    },
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function describeExit({ code, signal }: Exit): string {
  return `ended before it was ready (${signal === undefined ? `exit code ${code}` : `signal ${signal}`})`;
}
