/** Where things are: one line that is drawn again and again on a terminal, few lines elsewhere. */
import type { WriteStream } from "node:tty";
import type { Clock } from "../../host/host.ts";
import type { History } from "../history/history.ts";
import { atPace, createProgress, renderProgress } from "../report/progress.ts";
import type { Schedule } from "../schedule/schedule.ts";
import type { WorldName } from "../worlds/world.ts";

const redrawMs = 100;
const widthElsewhere = 200;
/** Where nobody redraws a line, a run in virtual time says this often how far it is: how long a phase takes is not in the plan. */
const sparseMs = 10_000;

/** As much of a terminal as there is need of. */
export type Terminal = Pick<WriteStream, "isTTY" | "columns"> & { write(text: string): unknown };

export interface ProgressLineOptions {
  /** How many runs there are. */
  readonly of: number;
  /** How many of them somebody else follows, before these. */
  readonly before?: number;
  readonly world: WorldName;
}

export interface LiveLine {
  /** The text for so many columns, drawn anew until the next `show` or `hide`. Where there is no terminal, every `sparseMs`, if that is given. */
  show(draw: (width: number) => string, sparseMs?: number): void;
  /** A line of its own, above. */
  say(line: string): void;
  hide(): void;
}

export function createLiveLine(stream: Terminal, clock: Clock): LiveLine {
  let timer: Disposable | undefined;
  const clear = (): void => void (stream.isTTY && stream.write("\r\u001B[K"));
  const hide = (): void => {
    if (timer === undefined) return;
    timer[Symbol.dispose]();
    timer = undefined;
    clear();
  };
  return {
    show(draw, sparseMs) {
      hide();
      const pause = stream.isTTY ? redrawMs : sparseMs;
      if (pause === undefined) return;
      const redraw = (): void => {
        stream.write(stream.isTTY ? `\r\u001B[K${draw(stream.columns - 1)}` : `${draw(widthElsewhere)}\n`);
        timer = clock.timer(pause, redraw);
      };
      if (stream.isTTY) redraw();
      else timer = clock.timer(pause, redraw);
    },
    say(line) {
      clear();
      stream.write(`${line}\n`);
    },
    hide,
  };
}

export interface ProgressLine {
  /** Follows the next run; the one before is done. */
  follow(history: History, schedule: Schedule, suffix: string): void;
  /** A line of its own, above. */
  say(line: string): void;
  end(): void;
}

export function createProgressLine(
  stream: Terminal,
  clock: Clock,
  { of, before = 0, world }: ProgressLineOptions,
): ProgressLine {
  const line = createLiveLine(stream, clock);
  let number = before;
  let subscription: Disposable | undefined;

  return {
    follow(history, schedule, suffix) {
      subscription?.[Symbol.dispose]();
      number += 1;
      const progress = createProgress({ ...schedule, plan: schedule.plan + suffix }, { number, of });
      const began = clock.monotonic();
      const draw = (width: number, elapsedMs: number): string => {
        const now = history.now();
        const state = progress.state(now);
        return renderProgress(world === "sim" ? atPace(state, { now, elapsedMs }) : state, width);
      };
      subscription = history.subscribe((event) => {
        progress.apply(event);
        // Events come from inside the simulation, where nobody may look at a real clock.
        if (!stream.isTTY && event.event === "phase.begin") stream.write(`${draw(widthElsewhere, 0)}\n`);
      });
      line.show((width) => draw(width, clock.monotonic() - began), world === "sim" ? sparseMs : undefined);
    },
    say: (text) => line.say(text),
    end() {
      subscription?.[Symbol.dispose]();
      line.hide();
    },
  };
}
