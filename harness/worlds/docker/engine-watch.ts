/** Whether an engine is there: when it is first spoken to, and as long as it is used. */
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import { WorldError } from "../../errors.ts";
import { reasonOf } from "./engine-errors.ts";

/** Between two looks, and how long it may be silent. */
const betweenLooksMs = 1000;
const silenceMs = 10_000;

interface Greeting {
  readonly version: string;
  readonly api: string;
  readonly cpus: number;
  readonly memory: number;
  readonly managesSwarm: boolean;
}

interface Information {
  readonly NCPU: number;
  readonly MemTotal: number;
  readonly Swarm?: { readonly ControlAvailable?: boolean };
}

export async function greet(docker: Docker, name: string, signal: AbortSignal | undefined): Promise<Greeting> {
  try {
    const [{ NCPU, MemTotal, Swarm }, { Version, ApiVersion }] = await answered(
      Promise.all([docker.info() as Promise<Information>, docker.version()]),
      signal,
    );
    return {
      version: Version,
      api: ApiVersion,
      cpus: NCPU,
      memory: MemTotal,
      managesSwarm: Swarm?.ControlAvailable === true,
    };
  } catch (cause) {
    signal?.throwIfAborted();
    throw new WorldError(`no Docker engine answers (${name}): ${reasonOf(cause)}; ${adviceFor(cause)}`, { cause });
  }
}

async function answered<Result>(work: Promise<Result>, signal?: AbortSignal): Promise<Result> {
  const done = new AbortController();
  const interrupted = Promise.withResolvers<never>();
  const interrupt = (): void => interrupted.reject(signal?.reason);
  if (signal?.aborted === true) interrupt();
  signal?.addEventListener("abort", interrupt, { once: true });
  work.catch(() => {});
  const silence = sleep(silenceMs, undefined, { signal: done.signal }).then(() => {
    throw new Error(`silent for ${silenceMs / 1000} s`);
  });
  silence.catch(() => {});
  try {
    return await Promise.race([work, silence, interrupted.promise]);
  } finally {
    done.abort();
    signal?.removeEventListener("abort", interrupt);
  }
}

function adviceFor(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "EACCES") return "let this user use it: usermod -aG docker USER, and log in again";
  if (code === "ENOENT") return "install one, such as Debian's docker.io, and start it: dockerd";
  return "start it, or set DOCKER_HOST to one that runs";
}

/** Rejects once it has been silent for too long. */
export async function watchOver(docker: Docker, signal: AbortSignal): Promise<void> {
  let heard = performance.now();
  for (;;) {
    try {
      await answered(docker.ping());
      heard = performance.now();
    } catch (cause) {
      if (signal.aborted) return;
      if (performance.now() - heard >= silenceMs || isRefusal(cause))
        throw new WorldError(`the Docker engine died in the middle of the run: ${reasonOf(cause)}`, { cause });
    }
    try {
      await sleep(betweenLooksMs, undefined, { signal, ref: false });
    } catch {
      return;
    }
  }
}

/** Its socket is there and nobody listens, or not even the socket is there. */
function isRefusal(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ECONNREFUSED" || error.code === "ENOENT");
}
