/** The services of a run as the gate sees them: their processes, which are this machine's, and their volumes, which are directories of its own. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Targets } from "../../../../faults/targets.ts";
import { createLocalTargets } from "../../local/targets.ts";
import type { LocalTargets } from "../../local/targets.ts";
import type { Answer, Operation } from "../pipe.ts";
import { adopt, prepareDirectories, pathsOf } from "./directories.ts";
import { createMemoryOperations } from "./memory.ts";
import { fill } from "./ballast.ts";
import { lastingIf, operation } from "./operation.ts";
import { findLife, isFirstProcess } from "./life.ts";
import type { GateLife } from "./life.ts";

interface GateService {
  readonly machine: LocalTargets;
  life?: GateLife | undefined;
  /** Of its container. */
  init?: number;
}

export function createServiceOperations(run: string): Readonly<Record<string, Operation>> {
  const services = new Map<string, GateService>();
  const find = (name: string): GateService => {
    const service = services.get(name);
    if (service === undefined) throw new Error(`the gate has no service called ${name}`);
    return service;
  };
  const lifeOf = (name: string): GateLife | undefined => {
    const { life } = find(name);
    return life?.isGone() === false ? life : undefined;
  };
  const targets = (name: string): Omit<Targets, "process"> => find(name).machine.targets;
  return {
    ...operation("service.prepare", async ({ service, owner, files, secrets, journalled, remembers }) => {
      const paths = pathsOf(service);
      await prepareDirectories(service, { owner, files, secrets });
      const machine = createLocalTargets({
        service,
        run,
        directory: paths.directory,
        control: paths.control,
        journal: journalled ? paths.journal : undefined,
        remembers,
        life: async () => lifeOf(service),
        main: () => lifeOf(service)?.pid,
        isHeld: (found) => lifeOf(service)?.signalling.holds(found) ?? false,
        spares: ({ pid }) => isFirstProcess(pid),
      });
      services.set(service, { machine });
      await machine.prepare();
    }),
    ...operation("resolver.write", async ({ service, content }) => {
      await writeFile(pathsOf(service).resolvConf, content);
    }),
    ...operation("service.begins", async ({ service, seed }) => {
      await writeFile(pathsOf(service).seed, String(seed));
    }),
    ...operation("service.began", async ({ service, pid }) => {
      const known = find(service);
      known.init = pid;
      known.life = await findLife(pid, known.machine);
      await known.machine.started();
      return { value: known.life?.pid ?? null };
    }),
    ...operation("service.ready", async ({ service }) => find(service).machine.ready()),
    ...operation("service.refused", async ({ service, what }) => find(service).machine.refused(what)),
    ...operation("process.signal", async ({ service, signal, to }) => ({
      value: lifeOf(service)?.signalling.signal(signal, to) ?? false,
    })),
    ...operation("process.pause", async ({ service, to }) => {
      const paused = lifeOf(service)?.signalling.pause(to);
      return lastingIf(paused && { [Symbol.asyncDispose]: async () => paused[Symbol.dispose]() });
    }),
    ...operation("disk.files", async ({ service }) => ({ value: await targets(service).disk.files() })),
    ...operation("disk.read", async ({ service, path }) => ({ value: coded(await targets(service).disk.read(path)) })),
    ...operation("disk.put", ({ service, path, bytes }) =>
      changing(service, () => targets(service).disk.put(path, Buffer.from(bytes, "base64"))),
    ),
    ...operation("disk.delete", async ({ service, path }) => ({ value: await targets(service).disk.delete(path) })),
    ...operation("disk.rename", async ({ service, path, to }) => ({
      value: await targets(service).disk.rename(path, to),
    })),
    ...operation("disk.previous", async ({ service, path }) => ({
      value: coded(await targets(service).disk.previous(path)),
    })),
    ...operation("disk.refuse", async ({ service, code }, { tell }) =>
      lastingIf(await targets(service).disk.refuse(code, () => tell(null))),
    ),
    ...operation("disk.fill", async ({ service, volumes }) => ({
      lasting: await fill(volumes.map((volume) => join(pathsOf(service).directory, volume))),
    })),
    ...operation("disk.lose-power", ({ service, chance }) =>
      changing(service, () => targets(service).disk.losePower(chance)),
    ),
    ...operation("cpu.freeze", async ({ service }) => lastingIf(await targets(service).cpu.freeze())),
    ...createMemoryOperations((service) => ({ init: find(service).init, main: find(service).life?.pid })),
    ...operation("limits.limit", async ({ service, what, to }, { tell }) =>
      lastingIf(await targets(service).limits.limit(what, to, () => tell(null))),
    ),
  };
}

function coded(bytes: Uint8Array | undefined): string | null {
  return bytes === undefined ? null : Buffer.from(bytes).toString("base64");
}

/** What root has written for a service is the service's. */
async function changing(name: string, work: () => Promise<unknown>): Promise<Answer> {
  try {
    return { value: await work() };
  } finally {
    await adopt(pathsOf(name));
  }
}
