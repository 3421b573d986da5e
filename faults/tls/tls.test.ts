/** What each fault of the plane decides. */
import { expect, test } from "vitest";
import type { Certificate, TlsFault } from "./contract.ts";
import { expired } from "./expired.ts";
import { handshakeCut } from "./handshake-cut.ts";
import { handshakeStall } from "./handshake-stall.ts";
import { noCloseNotify } from "./no-close-notify.ts";
import { notYetValid } from "./not-yet-valid.ts";
import { unknownCa } from "./unknown-ca.ts";
import { wrongHost } from "./wrong-host.ts";

const day = 24 * 3_600_000;
const now = 1_700_000_000_500;
const certificate: Certificate = {
  names: ["plc.test"],
  notBefore: now - day,
  notAfter: now + 365 * day,
  issuer: "trusted",
};

const shown = (fault: TlsFault, parameters: object, from = certificate): Certificate | undefined =>
  fault.certificate?.(from, fault.parameters.parse(parameters), now);

test.each<[TlsFault, object, Partial<Certificate>]>([
  [expired, {}, { notBefore: now - 91 * day, notAfter: now - day }],
  [expired, { ago: "1s" }, { notBefore: now - 1000 - 90 * day, notAfter: now - 1000 }],
  [notYetValid, {}, { notBefore: 1_700_000_001_000 + day }],
  [notYetValid, { in: "400d" }, { notBefore: 1_700_000_001_000 + 400 * day, notAfter: 1_700_000_001_000 + 490 * day }],
  [wrongHost, {}, { names: ["other.invalid"] }],
  [wrongHost, { host: "www.example.org" }, { names: ["www.example.org"] }],
  [unknownCa, {}, { issuer: "unknown" }],
  [unknownCa, { signed_by: "itself" }, { issuer: "itself" }],
])("the certificate under $kind is another", (fault, parameters, expected) => {
  expect(shown(fault, parameters)).toEqual({ ...certificate, ...expected });
});

test("of expired and not yet valid, the later one counts", () => {
  const both = shown(expired, {}, shown(notYetValid, {}));
  expect(both?.notAfter).toBe(now - day);
  expect(both?.notBefore).toBeLessThan(now - day);
  const reversed = shown(notYetValid, {}, shown(expired, {}));
  expect(reversed?.notBefore).toBeGreaterThan(now);
  expect(reversed?.notAfter).toBeGreaterThan(reversed?.notBefore ?? Infinity);
});

test.each([
  [handshakeStall, {}, { behind: "client-hello", by: "hold" }],
  [handshakeStall, { behind: "server-hello" }, { behind: "server-hello", by: "hold" }],
  [handshakeCut, {}, { behind: "client-hello", by: "rst" }],
  [handshakeCut, { behind: "server-flight", by: "fin" }, { behind: "server-flight", by: "fin" }],
] as const)("the handshake breaks under $kind with %j", (fault: TlsFault, parameters, expected) => {
  expect(fault.break?.(fault.parameters.parse(parameters))).toEqual(expected);
});

const ending = (parameters: object): unknown => noCloseNotify.ending?.(noCloseNotify.parameters.parse(parameters));

test("without close_notify, a connection is ended by the proxy only if that is said", () => {
  expect(ending({})).toEqual({ after: undefined, afterBytes: undefined });
  expect(ending({ after: "2s", after_bytes: "4KiB" })).toEqual({ after: 2000, afterBytes: 4096 });
});

test.each(["", "a b", "-x.test", "x..test"])("%j is no host's name", (host) => {
  expect(() => wrongHost.parameters.parse({ host })).toThrow("write a host's name, such as www.example.org");
});
