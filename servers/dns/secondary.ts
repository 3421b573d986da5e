/**
 * A secondary: it has a zone from its primary, and asks again and again whether there is a newer one (RFC 1034, section 4.3.5).
 *
 *     SOA? ──► a newer serial (RFC 1982) ──► AXFR ──► the zone      failed: again after `retry`      for longer than `expire`: no zone
 */
import type { Address, Host } from "../../host/host.ts";
import { rcodes } from "../../faults/dns/message.ts";
import { rcodeName } from "../../proxies/dns/wire/types.ts";
import { askOverTcp, askOverUdp } from "./ask.ts";
import { readReply, writeQuestion } from "./message.ts";
import { isNewer } from "./record.ts";
import type { Soa, ZoneRecord } from "./record.ts";
import { createZone, problemsOfZone } from "./zone.ts";
import type { Zone } from "./zone.ts";

export interface SecondaryOptions {
  readonly origin: string;
  readonly primary: Address;
  /** Instead of what the SOA says. */
  readonly refreshMs: number | undefined;
  /** There is another zone; undefined: the one that was there is too old to be told. */
  readonly onZone: (zone: Zone | undefined) => void;
  readonly signal: AbortSignal;
}

/** Before the first zone has come, nobody has said how often. */
const firstRetryMs = 1000;
/** A SOA may say 0, or anything else. */
const shortestWaitMs = 1000;
/** More than any zone of a test has; a primary that has no end must not take the memory of the run. */
const mostRecords = 1_000_000;

/** Until the signal is aborted; then it rejects with the reason. */
export async function keepSecondary(host: Host, options: SecondaryOptions): Promise<never> {
  const { origin, primary, refreshMs, onZone, signal } = options;
  let zone: Zone | undefined;
  let goodAt = 0;
  let told = false;
  for (;;) {
    let waitMs: number;
    try {
      const found = await askSerial(host, primary, origin);
      if (zone === undefined || isNewer(found, zone.soa.data.serial)) {
        zone = await fetchZone(host, primary, origin);
        host.log("zone.loaded", { origin, serial: zone.soa.data.serial, from: "primary" });
        told = false;
      }
      goodAt = host.clock.monotonic();
      if (!told) onZone(zone);
      told = true;
      waitMs = refreshMs ?? Math.max(shortestWaitMs, zone.soa.data.refresh * 1000);
    } catch (error) {
      signal.throwIfAborted();
      host.log("zone.refresh.failed", { origin, why: error instanceof Error ? error.message : String(error) });
      const retryMs = zone === undefined ? firstRetryMs : Math.max(shortestWaitMs, zone.soa.data.retry * 1000);
      waitMs = Math.min(retryMs, refreshMs ?? Infinity);
    }
    if (zone !== undefined && told) {
      const leftMs = goodAt + zone.soa.data.expire * 1000 - host.clock.monotonic();
      if (leftMs <= 0) {
        host.log("zone.expired", { origin, serial: zone.soa.data.serial });
        onZone(undefined);
        told = false;
      } else waitMs = Math.min(waitMs, leftMs);
    }
    await host.clock.sleep(Math.max(waitMs, 1), { signal });
  }
}

async function askSerial(host: Host, primary: Address, origin: string): Promise<number> {
  const id = drawId(host);
  const bytes = await askOverUdp(host, primary, writeQuestion(id, origin, "SOA"), (reply) => isReplyTo(id, reply));
  const { rcode, answers } = readReply(bytes);
  const soa = soaIn(answers, origin);
  if (soa === undefined) throw new Error(`the primary says ${rcodeName(rcode)}, and no SOA of ${origin}`);
  return soa.serial;
}

async function fetchZone(host: Host, primary: Address, origin: string): Promise<Zone> {
  const records: ZoneRecord[] = [];
  let ends = 0;
  const asked = drawId(host);
  await askOverTcp(host, primary, writeQuestion(asked, origin, "AXFR"), (bytes) => {
    const { id, rcode, answers } = readReply(bytes);
    if (id !== asked) throw new Error(`the primary answers question ${id}, and was asked ${asked}`);
    if (rcode !== rcodes.noerror) throw new Error(`the primary says ${rcodeName(rcode)}`);
    for (const record of answers) {
      if (record.type === "SOA") ends++;
      if (ends < 2) records.push(record);
    }
    if (records.length > mostRecords) throw new Error(`the primary has more than ${mostRecords} records`);
    return ends < 2 ? "more" : "enough";
  });
  const [problem] = problemsOfZone(origin, records);
  if (problem !== undefined) throw new Error(`what the primary has is no zone: ${problem.message}`);
  return createZone(origin, records);
}

function soaIn(records: readonly ZoneRecord[], origin: string): Soa | undefined {
  const found = records.find(({ type, name }) => type === "SOA" && name === origin);
  return found?.type === "SOA" ? found.data : undefined;
}

function isReplyTo(id: number, bytes: Uint8Array): boolean {
  try {
    return readReply(bytes).id === id;
  } catch {
    return false;
  }
}

function drawId(host: Host): number {
  return Math.floor(host.random.number() * 2 ** 16);
}
