/**
 * A name server: an authority for zones, a secondary of another one, or one that asks another one.
 *
 *     --listen 53                          the port, for UDP and TCP
 *     --zone plc.test=plc.test.zone        a zone, and the file that has it (RFC 1035); may be repeated; HUP reads them again
 *     --link fetch=198.18.0.3              what `link:fetch` means in zone files; may be repeated
 *     --secondary plc.test=dns1:53         a zone that is had from a primary; may be repeated
 *     --refresh 30s                        how often the primary is asked, instead of what the SOA says
 *     --upstream dns1:53                   who is asked
 */
import { aborted } from "../../host/aborted.ts";
import { parseAddress } from "../../host/address.ts";
import { ArgumentError, readFlags, type Flags } from "../../host/arguments.ts";
import type { Host } from "../../host/host.ts";
import { untilStopped } from "../../host/until-stopped.ts";
import { createAuthority } from "./authority.ts";
import { createForwarder } from "./forward.ts";
import { parseMasterFile } from "./master-file.ts";
import { linkOf, type ZoneRecord } from "./record.ts";
import { keepSecondary } from "./secondary.ts";
import { serveNames, type Respond } from "./serve.ts";
import { createZone, problemsOfZone, type Zone } from "./zone.ts";

const flagNames = ["listen", "zone", "link", "secondary", "refresh", "upstream"];

export const main = untilStopped((args) => readFlags(args, flagNames), run);

async function run(host: Host, flags: Flags, signal: AbortSignal): Promise<void> {
  const links = new Map(flags.list("link").map((text) => pairOf("link", text)));
  const files = flags.list("zone").map((text) => pairOf("zone", text));
  const primaries = flags.list("secondary").map((text) => pairOf("secondary", text));
  const refreshMs = flags.given("refresh") ? flags.duration("refresh", "1h") : undefined;
  const zones = new Map<string, Zone | undefined>(primaries.map(([origin]) => [origin, undefined]));
  for (const [origin, path] of files) {
    const zone = await readZone(host, origin, path, links);
    if ("problem" in zone) throw new ArgumentError(zone.problem);
    zones.set(origin, zone);
    tell(host, zone);
  }
  const respond: Respond = flags.given("upstream")
    ? createForwarder(host, addressOf("upstream", flags.text("upstream", "")))
    : createAuthority(zones);

  await using doors = new AsyncDisposableStack();
  const listens = flags.given("listen") ? flags.list("listen") : ["53"];
  const ports: number[] = [];
  for (const text of listens) ports.push(doors.use(await serveNames(host, portOf(text), respond)).port);
  const readAll = async (before: Promise<void>): Promise<void> => {
    await before;
    for (const [origin, path] of files) await readAgain(host, origin, path, links, zones);
  };
  // One after the other, so that the last one to be asked for is the one that counts.
  let reading = Promise.resolve();
  doors.use(
    host.signals.on("HUP", () => {
      reading = readAll(reading);
    }),
  );
  host.log("ready", { ports, zones: [...zones.keys()] });
  const kept = primaries.map(([origin, primary]) =>
    keepSecondary(host, {
      origin,
      primary: addressOf("secondary", primary),
      refreshMs,
      onZone: (zone) => void zones.set(origin, zone),
      signal,
    }),
  );
  await Promise.race([aborted(signal), ...kept]).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}

/** A file that is no zone changes nothing: the names stay as they were. */
async function readAgain(
  host: Host,
  origin: string,
  path: string,
  links: ReadonlyMap<string, string>,
  zones: Map<string, Zone | undefined>,
): Promise<void> {
  const zone = await readZone(host, origin, path, links);
  if ("problem" in zone) {
    host.log("zone.refused", { origin, why: zone.problem });
    return;
  }
  zones.set(origin, zone);
  tell(host, zone);
}

function tell(host: Host, { origin, soa, records }: Zone): void {
  host.log("zone.loaded", { origin, serial: soa.data.serial, from: "file", records: records.length });
}

async function readZone(
  host: Host,
  origin: string,
  path: string,
  links: ReadonlyMap<string, string>,
): Promise<Zone | { readonly problem: string }> {
  let text: string;
  try {
    text = new TextDecoder("latin1").decode(await host.files.read(path));
  } catch (error) {
    return { problem: `${path}: ${error instanceof Error ? error.message : String(error)}` };
  }
  const { records, problems } = parseMasterFile(text, origin);
  const [wrong] = problems;
  if (wrong !== undefined) return { problem: `${path}:${wrong.line}: ${wrong.message}` };
  const placed: ZoneRecord[] = [];
  for (const record of records) {
    const link = linkOf(record);
    const data = link === undefined ? undefined : links.get(link);
    if (link !== undefined && data === undefined)
      return { problem: `${path}: link:${link} leads nowhere: write --link ${link}=ADDRESS` };
    placed.push(record.type === "A" && data !== undefined ? { ...record, data } : record);
  }
  const [problem] = problemsOfZone(origin, placed);
  return problem === undefined ? createZone(origin, placed) : { problem: `${path}: ${problem.message}` };
}

function pairOf(flag: string, text: string): readonly [string, string] {
  const at = text.indexOf("=");
  if (at > 0 && at < text.length - 1) return [text.slice(0, at).toLowerCase().replace(/\.$/, ""), text.slice(at + 1)];
  throw new ArgumentError(`--${flag} ${text}: write what it is about, =, and a value, such as plc.test=plc.test.zone`);
}

function addressOf(flag: string, text: string) {
  if (/^[^:]+:\d+$/.test(text)) return parseAddress(text);
  throw new ArgumentError(`--${flag} ${text}: write a host and its port, such as dns1:53`);
}

function portOf(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port >= 0 && port <= 65_535) return port;
  throw new ArgumentError(`--listen ${text}: write a whole number from 0 to 65535`);
}
