/** Who waits by a clock that may be moved meanwhile: each is due when it shows a moment, however it gets there. */

export interface Alarms {
  /** Calls back when the clock shows this. */
  at(shown: bigint, callback: () => void): Disposable;
  /** The clock runs at another rate from now on. */
  changed(): void;
}

export interface AlarmsOptions {
  /** What the clock shows, in nanoseconds. */
  readonly now: () => bigint;
  /** So many nanoseconds pass there in one of real time; 0: it stands still. */
  readonly rate: () => number;
  /** Calls back after so many milliseconds of real time. */
  readonly wait: (milliseconds: number, callback: () => void) => Disposable;
}

interface Alarm {
  readonly shown: bigint;
  readonly callback: () => void;
  timer?: Disposable | undefined;
}

export function createAlarms({ now, rate, wait }: AlarmsOptions): Alarms {
  const alarms = new Set<Alarm>();

  function arm(alarm: Alarm): void {
    alarm.timer?.[Symbol.dispose]();
    const left = Number(alarm.shown - now()) / 1e6;
    // Until something changes.
    if (rate() <= 0 && left > 0) {
      alarm.timer = undefined;
      return;
    }
    alarm.timer = wait(left > 0 ? left / rate() : 0, () => {
      if (now() < alarm.shown) {
        arm(alarm);
        return;
      }
      alarms.delete(alarm);
      alarm.callback();
    });
  }

  return {
    at(shown, callback) {
      const alarm: Alarm = { shown, callback };
      alarms.add(alarm);
      arm(alarm);
      return {
        [Symbol.dispose]() {
          alarms.delete(alarm);
          alarm.timer?.[Symbol.dispose]();
        },
      };
    },
    changed() {
      for (const alarm of alarms) arm(alarm);
    },
  };
}
