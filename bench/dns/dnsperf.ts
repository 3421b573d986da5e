/** What `dnsperf` finds out about a name server. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Load {
  readonly port: number;
  readonly seconds: number;
  /** How many queries a second it asks at most; by default as many as are answered. */
  readonly rate?: number;
  /** Of each latency, for which it writes a line a query. */
  readonly tells?: boolean;
}

export interface Measured {
  readonly answers: number;
  readonly answersPerSecond: number;
  /** Milliseconds from each query to its answer; none if it does not tell. */
  readonly latencies: readonly number[];
}

/** From so many ports, which is as many flows. */
const clients = 4;
/** At a time, of all clients together. */
const underWay = 100;
const names = 5000;
/** Of all queries: what a socket's buffer had no room for. */
const mostLost = 0.001;

/** @throws {Error} if queries were lost, or answered with an error. */
export async function dnsperf({ port, seconds, rate, tells = false }: Load): Promise<Measured> {
  const folder = await mkdtemp(join(tmpdir(), "sinbin-bench-"));
  try {
    const queries = join(folder, "queries");
    await writeFile(queries, Array.from({ length: names }, (_, n) => `host-${n}.test A\n`).join(""));
    const words = ["-s", "127.0.0.1", "-p", port, "-d", queries, "-l", seconds, "-c", clients, "-q", underWay];
    const more = [...(rate === undefined ? [] : ["-Q", Math.round(rate)]), ...(tells ? ["-v"] : [])];
    // Into a file: whoever read along would be one more who wants a core.
    await using output = await open(join(folder, "output"), "w");
    const child = spawn("dnsperf", [...words, ...more].map(String), { stdio: ["ignore", output.fd, "inherit"] });
    const [code] = (await once(child, "close")) as [number | null];
    if (code !== 0) throw new Error(`dnsperf has ended with ${code}`);
    return read(await readFile(join(folder, "output"), "latin1"));
  } finally {
    await rm(folder, { recursive: true });
  }
}

function read(output: string): Measured {
  const figure = (what: string): number => Number(new RegExp(`^  ${what}: +([\\d.]+)`, "m").exec(output)?.[1]);
  const [sent, lost] = [figure("Queries sent"), figure("Queries lost")];
  if (!(lost <= sent * mostLost)) throw new Error(`${lost} of ${sent} queries have got no answer`);
  const codes = /^  Response codes: +(.*)$/m.exec(output)?.[1] ?? "none";
  if (!/^NOERROR \d+ \(100\.00%\)$/.test(codes)) throw new Error(`the answers are ${codes}`);
  return {
    answers: figure("Queries completed"),
    answersPerSecond: figure("Queries per second"),
    latencies: [...output.matchAll(/^> \S+ \S+ \S+ ([\d.]+)$/gm)].map(([, seconds]) => Number(seconds) * 1000),
  };
}
