/** Notices a connect that gets no answer: the one who is not there can't tell. */
import type { Clock, Waiting } from "./host.ts";

/** The kernel sends a lost SYN again after a second; no answer of a machine that is there takes half as long. */
const patienceMs = 500;

export interface Noticing extends Waiting {
  readonly clock: Clock;
  /** Called once, if there was no answer for so long, or before it was given up. */
  readonly tell: () => void;
}

/** As `connecting` settles, which has to be rejected when the signal aborts. */
export async function noticeSilence<Connection>(
  connecting: Promise<Connection>,
  { clock, tell, signal }: Noticing,
): Promise<Connection> {
  let told = false;
  const tellOnce = (): void => {
    if (!told) tell();
    told = true;
  };
  // A program that stood still meanwhile looks for the answer before it hears of a second timer.
  let timer = clock.timer(patienceMs, () => (timer = clock.timer(1, tellOnce)));
  signal?.addEventListener("abort", tellOnce);
  try {
    return await connecting;
  } finally {
    timer[Symbol.dispose]();
    signal?.removeEventListener("abort", tellOnce);
  }
}
