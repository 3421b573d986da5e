import { expect, test } from "vitest";
import { faultHint, faultMeant } from "./meant.ts";
import { faults } from "./registry.ts";

test.each([
  ["ntp.kod", "ntp.kiss-of-death"],
  ["kod", "ntp.kiss-of-death"],
  ["kiss_of_death", "ntp.kiss-of-death"],
  ["NTP.KoD", "ntp.kiss-of-death"],
  ["dns.nxdomain", "dns.rcode"],
  ["servfail", "dns.rcode"],
  ["dns.refused", "dns.rcode"],
  ["tcp.refused", "tcp.refuse"],
  ["dns.cname", "dns.answer"],
  ["dns.timeout", "dns.blackhole"],
  ["step", "ntp.step"],
  ["tcp.reset_peer", "tcp.reset"],
  ["limit_data", "tcp.limit"],
  ["latency", "tcp.latency"],
  ["udp.drop", "udp.loss"],
  ["dns.latency", "dns.slow"],
  ["http.latency", "tcp.latency"],
  ["dns.rate_limi", "dns.rate-limit"],
  ["dsn.loss", "dns.loss"],
  ["dns.truncated", "dns.truncate"],
])("by %s is meant %s", (word, kind) => {
  expect(faultMeant(word, faults.keys())).toBe(kind);
});

test("where nothing is meant, there are the faults of the plane, or all", () => {
  expect(faultHint("ntp.nothing", faults.keys())).toMatch(/^there are ntp\.step, ntp\.offset, /);
  expect(faultHint("nothing", faults.keys())).toMatch(/^there are tcp\.latency, /);
  expect(faultHint("nothing", [])).toBe("there are none");
});

test("no word is that of two faults of a plane, nor the name of another", () => {
  const all = [...faults.values()].flatMap(({ kind, soughtAs = [] }) => {
    const [plane = ""] = kind.split(".");
    return [kind, ...soughtAs.map((word) => `${plane}.${word}`)];
  });
  expect(all).toEqual([...new Set(all)]);
});
