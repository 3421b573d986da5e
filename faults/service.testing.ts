/** Faults of services in tests: a context that writes down what is done, beside what the target writes down. */
import type { ServiceContext, ServiceFault } from "./service.ts";

export interface Scene<Plane extends string, Target> {
  readonly log: readonly string[];
  /** Ends the occurrence. */
  readonly end: () => void;
  readonly inject: (fault: ServiceFault<Plane, Target>, parameters?: object) => Promise<AsyncDisposable | void>;
}

export interface SceneOptions<Target> {
  /** A target that notes what is done to it. */
  readonly target: (note: (line: string) => void) => Target;
  /** How many sleeps come to their end before the occurrence does. */
  readonly sleeps?: number;
  /** 0 unless given. */
  readonly draw?: ServiceContext["draw"];
}

export function createScene<Plane extends string, Target>({
  target,
  sleeps = Infinity,
  draw = () => 0,
}: SceneOptions<Target>): Scene<Plane, Target> {
  const log: string[] = [];
  const note = (line: string): void => void log.push(line);
  const ended = new AbortController();
  let left = sleeps;
  const context: ServiceContext = {
    signal: ended.signal,
    hit: (detail) => note(`hit ${JSON.stringify(detail)}`),
    draw,
    chance: { seed: 0, path: ["scene"] },
    async sleep(milliseconds) {
      note(`sleep ${milliseconds}`);
      left -= 1;
      if (left < 0) ended.abort(new Error("the occurrence is over"));
      ended.signal.throwIfAborted();
    },
  };
  const acted = target(note);
  return {
    log,
    end: () => ended.abort(),
    inject: (fault, parameters = {}) => fault.inject(acted, fault.parameters.parse(parameters), context),
  };
}
