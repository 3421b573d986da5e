/** A PLC over real sockets, and what is told to it. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createAuthority } from "../../host/real/certificates.ts";
import type { TlsVersion } from "../../host/host.ts";
import { createRealHost } from "../../host/real.ts";
import { serveControl } from "../control.ts";
import type { Data } from "./data.ts";
import { openDatabase } from "./database.ts";
import { createDisturbances } from "./disturbances.ts";
import { beginFault } from "./faults/registry.ts";
import { createSlicesFile } from "./slices-file.ts";
import { servePlc, type Framing } from "./serve.ts";

export interface RunningPlc extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** The path of the certificate of who signed PLC's. */
  readonly authority: string;
  readonly directory: string;
  readonly control: string;
  readonly events: readonly { readonly event: string; readonly [field: string]: unknown }[];
  /** Injects it; what it resolves with lifts it. */
  inject(fault: string, parameters?: object): Promise<() => Promise<void>>;
  /** What was hit, by fault. */
  hits(id?: string): number;
}

export interface PlcOptions {
  readonly data: Data;
  readonly framing?: Framing;
  readonly tls?: boolean;
  readonly oldestTls?: TlsVersion;
  /** One that was there before. */
  readonly directory?: string;
}

export async function startPlc({
  data,
  framing = "content-length",
  tls = false,
  oldestTls = "1.0",
  directory,
}: PlcOptions): Promise<RunningPlc> {
  const own = directory ?? (await mkdtemp(join(tmpdir(), "sinbin-plc-")));
  const authority = join(own, "ca.pem");
  const issued = tls ? await issue(authority) : undefined;
  const events: { event: string; [field: string]: unknown }[] = [];
  const host = createRealHost({
    name: "plc",
    directory: own,
    seed: 1,
    names: {},
    ...(issued !== undefined && { identity: issued }),
    log: (event, fields) => void events.push({ event, ...fields }),
  });
  const database = await openDatabase(host, data);
  const plc = {
    host,
    database,
    disturbances: createDisturbances(),
    slicesFile: createSlicesFile(),
  };
  const listener = await servePlc(plc, { port: 0, tls, oldestTls, framing });
  const control = await serveControl(host, { port: 0, begin: (injected) => beginFault(injected, plc) });
  const controlUrl = `http://127.0.0.1:${control.address.port}/faults`;
  let injected = 0;
  const tell = async (message: object): Promise<void> => {
    const reply = await fetch(controlUrl, { method: "POST", body: JSON.stringify(message) });
    if (!reply.ok) throw new Error(await reply.text());
  };
  return {
    url: `${tls ? "https" : "http"}://127.0.0.1:${listener.address.port}`,
    port: listener.address.port,
    authority,
    directory: own,
    control: controlUrl,
    events,
    async inject(fault, parameters = {}) {
      injected += 1;
      const id = `${fault} ${injected}`;
      await tell({ inject: { id, fault, parameters, seed: 7 } });
      return () => tell({ lift: id });
    },
    hits: () => events.filter(({ event }) => event === "fault.hit").length,
    async [Symbol.asyncDispose]() {
      await control[Symbol.asyncDispose]();
      await listener[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
      if (directory === undefined) await rm(own, { recursive: true, force: true });
    },
  };
}

async function issue(path: string): Promise<{ readonly certificate: string; readonly key: string }> {
  const authority = await createAuthority();
  await writeFile(path, authority.certificate);
  return authority.issue(["plc.test", "127.0.0.1"]);
}
