/** Steps of the http plane, of links of proto http, https and tls, and the keys that choose requests. */
import { expect, test } from "vitest";
import { parseText, problemsIn } from "./plan.testing.ts";

const plan = (proto: string, step: string): string => `plan: p
services: { a: { command: [a] }, b: { command: [b] } }
links: { fetch: { from: a, to: b, proto: ${proto}, port: 80 } }
phases: [{ name: x, for: 1s, faults: [{ ${step} }] }]
`;

test.each([
  ["http", "http.status: { code: 503 }, where: fetch, match: { method: GET, path: /x/* }, nth: 2"],
  ["http", "tcp.reset: {}, first: 4, every_nth: 2"],
  ["http", "http.abort: { when: after }, match: { xml_rpc_method: bind, header: { host: '*' } }"],
  ["https", "tls.expired: {}, match: { servername: '*.test' }"],
  ["http", "tcp.reset: {}, leg: upstream"],
  ["https", "tcp.reset: {}, leg: client"],
  ["tls", "tcp.reset: {}"],
])("on a link of proto %s: %s", async (proto, step) => {
  expect(await problemsIn(plan(proto, step))).toEqual([]);
});

test.each([
  ["tcp", "http.drip: { rate: 1B/s }, where: fetch", "fetch is a link of proto: tcp, on which http faults do not act"],
  ["tls", "http.drip: { rate: 1B/s }, where: fetch", "or a link with proto: http"],
  ["udp", "http.drip: { rate: 1B/s }, where: fetch", "write a fault of udp"],
  [
    "http",
    "tcp.reset: {}, match: { path: /x }",
    "leave out match: it chooses requests, questions or handshakes, and tcp faults know none",
  ],
  ["http", "http.drip: { rate: 1B/s }, direction: upstream", "leave out direction: http faults say by themselves"],
  ["http", "http.drip: { rate: 1B/s }, leg: upstream", "leave out leg: http faults have a place of their own"],
  ["http", "tcp.refuse: {}, leg: upstream, may_miss: true", "leave out leg: this fault shuts the door, for everybody"],
  [
    "http",
    "http.abort: {}, match: { qname: plc.test }",
    "leave out qname: it is for questions, and not for faults of http: write one of method, path, host, header,",
  ],
  [
    "https",
    "tls.expired: {}, match: { path: /x }",
    "leave out path: it is for requests, and not for faults of tls: write servername",
  ],
  ["http", "process.kill: {}, where: a, match: { path: /x }", "leave out match: it chooses connections"],
  ["http", "http.drip: { rate: 1B/s }, match: { path: x }", "write a path that begins with / or *"],
  ["http", "http.drip: { rate: 1B/s }, match: {}", "write one of method, path, host, header, xml_rpc_method"],
  ["http", "http.drip: { rate: 1B/s }, match: { pat: /x }", "did you mean path?"],
  [
    "http",
    "http.drip: { rate: 1B/s }, match: { url: /x }",
    "no key url for faults of http: there are method, path, host, header, xml_rpc_method",
  ],
  ["https", "tls.expired: {}, match: { sni: x }", "there is no key sni for faults of tls: there is servername"],
  [
    "dns",
    "dns.loss: {}, match: { method: GET }",
    "leave out method: it is for requests, and not for faults of dns: write one of qname, qtype, proto",
  ],
  ["dns", "dns.loss: {}, match: { name: x }", "there is no key name for faults of dns: did you mean qname?"],
  [
    "dns",
    "dns.loss: {}, match: { class: IN }",
    "there is no key class for faults of dns: there are qname, qtype, proto",
  ],
  ["ntp", "ntp.drop: {}, match: { mode: 3 }", "leave out match: it chooses requests, questions or handshakes"],
  ["http", "http.truncate: { after: 1B, framing: longer }", "write one of content-length-short"],
  ["http", "tcp.reset: {}, leg: server", "write client or upstream"],
  ["http", "tcp.reset: {}, first: 3, nth: 5", "leave out first: nth: 5 is none of the first 3"],
  ["http", "http.status: { code: 503 }, nth: 5, every_nth: 2", "leave out every_nth: nth: 5 is no multiple of 2"],
  ["http", "tcp.refuse: {}, first: 1, every_nth: 2", "leave out first: every_nth: 2 begins behind the first 1"],
])("on a link of proto %s: %s says %s", async (proto, step, complaint) => {
  expect(String(await problemsIn(plan(proto, step)))).toContain(complaint);
});

test("a fault on all links means those that it can act on", async () => {
  const links = "links: { u: { from: a, to: b, proto: udp, port: 1 }, fetch";
  const { phases } = await parseText(
    plan("http", "http.drip: { rate: 1B/s }, where: all").replace("links: { fetch", links),
  );
  expect(phases[0]?.faults[0]?.where).toEqual({ names: ["fetch"], count: 1 });
});
