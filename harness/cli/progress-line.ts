/** Where the runs are: one line that is drawn again and again on a terminal, a line a phase elsewhere. */
import type { WriteStream } from "node:tty";
import type { Clock } from "../../host/host.ts";
import type { History } from "../history/history.ts";
import { createProgress, renderProgress } from "../report/progress.ts";
import type { Schedule } from "../schedule/schedule.ts";

const redrawMs = 100;

export interface ProgressLine {
  /** Follows the next run; the one before is done. */
  follow(history: History, schedule: Schedule, suffix: string): void;
  /** A line of its own, above. */
  say(line: string): void;
  end(): void;
}

export function createProgressLine(stream: WriteStream, clock: Clock, of: number): ProgressLine {
  let number = 0;
  let stop = nothing;
  const clear = (): void => void (stream.isTTY && stream.write("\r\u001B[K"));

  return {
    follow(history, schedule, suffix) {
      stop();
      number += 1;
      const progress = createProgress({ ...schedule, plan: schedule.plan + suffix }, { number, of });
      const draw = (): string => renderProgress(progress.state(history.now()), stream.isTTY ? stream.columns - 1 : 200);
      const subscription = history.subscribe((event) => {
        progress.apply(event);
        if (!stream.isTTY && event.event === "phase.begin") stream.write(`${draw()}\n`);
      });
      let timer: Disposable | undefined;
      const redraw = (): void => {
        stream.write(`\r\u001B[K${draw()}`);
        timer = clock.timer(redrawMs, redraw);
      };
      if (stream.isTTY) redraw();
      stop = () => {
        subscription[Symbol.dispose]();
        timer?.[Symbol.dispose]();
        clear();
      };
    },
    say(line) {
      clear();
      stream.write(`${line}\n`);
    },
    end() {
      stop();
    },
  };
}

function nothing(): void {}
