/** One life of a service as the gate sees it: the process that Docker's init has started in its container. */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { send } from "../../local/marked.ts";
import { createSignalling } from "../../local/signalling.ts";
import type { LocalTargets } from "../../local/targets.ts";
import type { Signalling } from "../../local/signalling.ts";

export interface GateLife {
  readonly pid: number;
  readonly signalling: Signalling;
  isGone(): boolean;
  /** Resolves when its process is gone. */
  readonly exited: Promise<unknown>;
  /** Who wanted its end is the harness's to know. */
  order(): void;
}

const betweenLooksMs = 5;

/** `init`: the container's first process. Undefined if the service has ended already. */
export async function findLife(
  init: number,
  { freezer, tree }: Pick<LocalTargets, "freezer" | "tree">,
): Promise<GateLife | undefined> {
  const pid = await findMain(init);
  if (pid === undefined) return undefined;
  const began = beginningOf(pid);
  if (began === undefined) return undefined;
  // A process id may be another's by now.
  const isGone = (): boolean => beginningOf(pid) !== began;
  return {
    pid,
    isGone,
    signalling: createSignalling({
      pid,
      isGone,
      toMain: (signal) => send(pid, `SIG${signal}`),
      tree,
      freezer,
    }),
    get exited() {
      return untilTrue(isGone);
    },
    order: () => {},
  };
}

/** Init's only child, once it has become another program: before, a signal would find init's own manners. */
async function findMain(init: number): Promise<number | undefined> {
  for (;;) {
    const words = contentOf(`/proc/${init}/cmdline`);
    if (words === undefined) return undefined;
    const child = Number(contentOf(`/proc/${init}/task/${init}/children`)?.trim().split(" ")[0] ?? "");
    const own = child > 0 ? contentOf(`/proc/${child}/cmdline`) : undefined;
    if (own !== undefined && own !== words) return child;
    await sleep(betweenLooksMs);
  }
}

/**
 * Of its container: Docker's init. It passes on what it hears, so that its own CONT would let go what something else holds; and while it stands still, a
 * service that has died is not gone.
 */
export function isFirstProcess(pid: number): boolean {
  return /^NSpid:.*\t1$/m.test(contentOf(`/proc/${pid}/status`) ?? "");
}

async function untilTrue(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(betweenLooksMs);
}

/** When the process was started, in the kernel's ticks; undefined if it is gone, and a zombie is. */
function beginningOf(pid: number): string | undefined {
  const fields = contentOf(`/proc/${pid}/stat`)?.split(") ").at(-1)?.split(" ");
  return fields === undefined || fields[0] === "Z" ? undefined : fields[19];
}

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return undefined;
  }
}
