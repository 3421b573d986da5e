/** Every fault, as dig sees it, and as dns-packet reads what was really on the wire: a row of the table is a fault, or one of its ways. */
import { decode, type Answer } from "dns-packet";
import { describe, expect, test } from "vitest";
import { until } from "../../host/talk.testing.ts";
import { faults } from "../../faults/registry.ts";
import { answerFrom, dig, openClient, openTcpClient, startScene } from "./dns.testing.ts";
import { codesRows } from "./codes-rows.testing.ts";
import { dataRows } from "./data-rows.testing.ts";
import type { Row } from "./rows.testing.ts";
import { transportRows } from "./transport-rows.testing.ts";

const table: readonly Row[] = [...transportRows, ...codesRows, ...dataRows];

const inWords = ({ row, kind, parameters = {}, asks = [] }: Row): string =>
  `row ${row}: ${kind} ${JSON.stringify(parameters)} ${asks.join(" ")}`;

describe.concurrent("dig sees it", () => {
  test.each(table.map((row) => [inWords(row), row] as const))("%s", async (_what, row) => {
    const { kind, parameters, asks = ["plc.test"], impatient = false } = row;
    await using scene = await startScene();
    // Where an answer is expected, a machine that stands still for a while is given more tries.
    const patience = impatient ? [] : ["+tries=5", "+time=5"];
    expect((await dig(scene.port, "+tries=5", "+time=5", ...asks)).said).not.toMatch(row.dig);
    await scene.inject(kind, parameters);
    expect((await dig(scene.port, ...patience, ...asks)).said).toMatch(row.dig);
    expect(scene.hits).not.toEqual([]);
  });
});

describe.concurrent("dns-packet reads on the wire", () => {
  test.each(table.map((row) => [inWords(row), row] as const))("%s", async (_what, row) => {
    const { kind, parameters, asks = ["plc.test"], wire } = row;
    await using scene = await startScene();
    await scene.inject(kind, parameters);
    const [name = "", type = "A"] = asks.filter((word) => !word.startsWith("+"));
    const seen = asks.includes("+tcp") ? await overTcp(scene, name, type) : await overUdp(scene, name, type, kind);
    expect(seen).toMatch(wire ?? /^nothing$/);
  });
});

type Scene = Awaited<ReturnType<typeof startScene>>;

const opt = {
  type: "OPT" as const,
  name: ".",
  udpPayloadSize: 1400,
  extendedRcode: 0,
  ednsVersion: 0,
  flags: 0,
  flag_do: false,
  options: [],
};

async function overUdp(scene: Scene, name: string, type: string, kind: string): Promise<string> {
  await using client = await openClient(scene.port);
  const ask = (): void => client.ask(name, type, 7, { additionals: [opt] });
  // What changes from one question to the next shows it at the second; and who asks the server otherwise has hit before it replies.
  if (kind === "dns.answer" || kind === "dns.cname-flap" || kind === "dns.address-order") {
    ask();
    await client.hear();
  }
  ask();
  await until(() => scene.hits.length > 0 && (client.heard() > 0 || scene.messages.every(isQuery)));
  if (client.heard() === 0) return "nothing";
  const { bytes, from } = await client.hear();
  const elsewhere = from.address === "127.0.0.1" ? "another port" : from.address;
  const source = from.port === scene.port && from.address === "127.0.0.1" ? "" : `from ${elsewhere}: `;
  return `${source}${bytes.length > 1232 ? `from a datagram of ${bytes.length} bytes: ` : ""}${view(bytes)}`;
}

const isQuery = ({ type }: { readonly type: string }): boolean => type === "query";

async function overTcp(scene: Scene, name: string, type: string): Promise<string> {
  await using client = await openTcpClient(scene.port);
  client.ask(name, type);
  const whole = await Promise.race([
    client.hear(),
    client.ended.then(() => undefined),
    until(() => client.bytes().length >= 52),
  ]);
  return whole === undefined ? "nothing" : view(whole);
}

/** As dns-packet, which has no part in what was sent, reads it. */
function view(bytes: Buffer): string {
  try {
    const packet = decode(bytes) as ReturnType<typeof decode> & { readonly opcode: string; readonly rcode: string };
    const { id, opcode, rcode, questions = [], answers = [], authorities = [], additionals = [] } = packet;
    const flags = (["qr", "aa", "tc", "rd", "ra", "z", "ad", "cd"] as const).filter((flag) => packet[`flag_${flag}`]);
    return [
      `${id === 7 ? "" : "another id: "}${rcode} ${opcode}${flags.length > 0 ? " " : ""}${flags.join(" ")}`,
      ...questions.map((question) => `${question.name} ${question.type} ${question.class}`),
      ...[...answers, ...authorities, ...additionals].map(recordView),
    ].join("; ");
  } catch {
    return `malformed, ${bytes.length} bytes`;
  }
}

function recordView(record: Answer): string {
  if (record.type === "OPT")
    return `OPT${record.udpPayloadSize === 1400 ? " of 1400" : ""}${record.ednsVersion === 0 ? "" : ` version ${record.ednsVersion}`}${record.extendedRcode === 0 ? "" : ` rcode ${record.extendedRcode}`}`;
  const { name, type } = record;
  const ttl = "ttl" in record ? record.ttl : "";
  const data: unknown = "data" in record ? record.data : "";
  const shown = typeof data === "string" ? data : JSON.stringify(data).replaceAll(/["{}]/g, "").replaceAll(":", " ");
  return `${name} ${ttl} ${type} ${shown}`;
}

test("every fault of dns has a row here, or a test of its own below", () => {
  const own = ["refuse", "previous-reply", "duplicate", "reorder", "stale"].map((name) => `dns.${name}`);
  const all = [...faults.values()].filter(({ plane }) => plane === "dns").map(({ kind }) => kind);
  expect(new Set([...table.map(({ kind }) => kind), ...own])).toEqual(new Set(all));
});

test("row 2, dns.refuse: dig hears at once that nobody is there, over UDP and over TCP, and afterwards all is well", async () => {
  await using scene = await startScene();
  const injected = await scene.inject("dns.refuse");
  expect((await dig(scene.port, "+tries=5", "plc.test")).said).toMatch(
    /communications error to \S+: connection refused/,
  );
  expect((await dig(scene.port, "+tcp", "plc.test")).said).toMatch(/failed: connection refused/);
  await injected[Symbol.asyncDispose]();
  for (const how of ["+notcp", "+tcp"])
    expect((await dig(scene.port, "+tries=5", "+time=5", how, "plc.test")).said).toContain("10.0.0.1");
});

test("row 5, dns.previous-reply: who compares nothing but the id takes one name's address for another's", async () => {
  await using scene = await startScene();
  await scene.inject("dns.previous-reply");
  await using client = await openClient(scene.port);
  const first = await client.query("boot.test", "A", 1);
  const second = await client.query("plc.test", "A", 2);
  const addresses = [first, second].map(({ answers }) => answers?.map((each) => ("data" in each ? each.data : "")));
  expect([second.id, ...addresses]).toEqual([2, ["10.0.0.2"], ["10.0.0.2"]]);
  expect(view((await client.hear()).bytes)).toContain("plc.test 300 A 10.0.0.1");
});

test.each([
  ["old", /ID mismatch: expected ID \d+, got 1\b/],
  ["new", /Question section mismatch: got boot\.test\/A\/IN/],
])("row 5, dns.previous-reply: dig hears first what was answered before, with the %s id", async (id, said) => {
  await using scene = await startScene();
  await scene.inject("dns.previous-reply", { id });
  await using client = await openClient(scene.port);
  await client.query("boot.test", "A", 1);
  const heard = (await dig(scene.port, "+tries=5", "+time=5", "plc.test")).said;
  expect(heard).toMatch(said);
  expect(heard).toMatch(/plc\.test\.\s+300\s+IN\s+A\s+10\.0\.0\.1/);
});

test("row 6, dns.duplicate: who uses a socket again finds the second one there, and is behind from then on", async () => {
  await using scene = await startScene();
  await scene.inject("dns.duplicate", { copies: 2 }, { first: 1, match: { qname: "plc.test" } });
  await using client = await openClient(scene.port);
  await client.query("plc.test", "A", 7);
  const next = await client.query("boot.test", "A", 7);
  expect(next.questions?.[0]?.name).toBe("plc.test");
  expect(view((await client.hear()).bytes)).toContain("plc.test");
  expect(view((await client.hear()).bytes)).toContain("boot.test 300 A 10.0.0.2");
});

test.each(["A", "AAAA"])("row 7, dns.reorder: of a pair that is asked at once, %s is answered last", async (last) => {
  await using scene = await startScene();
  await scene.inject("dns.reorder", { last, longest: "1h" });
  await using client = await openClient(scene.port);
  client.ask("plc.test", "A", 1);
  client.ask("plc.test", "AAAA", 2);
  const order = [await client.hear(), await client.hear()].map(({ bytes }) => decode(bytes).questions?.[0]?.type);
  expect(order).toEqual(last === "A" ? ["AAAA", "A"] : ["A", "AAAA"]);
});

test("row 13, dns.tcp-framing: a reply in single bytes is the same reply, and two in one segment are two", async () => {
  await using scene = await startScene();
  await scene.inject("dns.tcp-framing", { how: "drip", gap: "1ms" }, { first: 1 });
  await scene.inject("dns.tcp-framing", { how: "twice" }, { nth: 2 });
  await using client = await openTcpClient(scene.port);
  const chunks: number[] = [];
  client.socket.on("data", ({ length }) => chunks.push(length));
  client.ask("plc.test");
  expect(view(await client.hear())).toContain("plc.test 300 A 10.0.0.1");
  expect(chunks.length).toBeGreaterThan(1);
  client.ask("plc.test");
  const [one, two] = [await client.hear(), await client.hear()];
  expect(one).toEqual(two);
  expect(scene.hits).toHaveLength(2);
});

test("row 13, dns.tcp-framing: dig, which uses a connection again, finds it ended behind the first answer", async () => {
  await using scene = await startScene();
  const ask = () => dig(scene.port, "+tcp", "+keepopen", "+time=5", "plc.test", "boot.test");
  expect((await ask()).said).toMatch(/10\.0\.0\.1\n[^]*10\.0\.0\.2\n/);
  await scene.inject("dns.tcp-framing", { how: "fin-behind" });
  expect((await ask()).said).toMatch(/10\.0\.0\.1\n[^]*end of file/);
  await using client = await openTcpClient(scene.port);
  client.ask("plc.test");
  expect(view(await client.hear())).toContain("plc.test 300 A 10.0.0.1");
  expect(await client.ended).toBe("FIN");
});

test("row 40, dns.address-order: drawn anew for each question, dig finds either address first", async () => {
  await using scene = await startScene();
  await scene.inject("dns.address-order", { order: "shuffled" });
  const orders = new Set<string>();
  for (let n = 0; n < 8; n += 1) orders.add((await dig(scene.port, "+tries=5", "+time=5", "+short", "pair.test")).said);
  expect(orders).toEqual(new Set(["10.0.0.3\n10.0.0.4\n", "10.0.0.4\n10.0.0.3\n"]));
});

test("row 28, dns.spoof: who loses the race comes second, who wins it comes before the server is asked", async () => {
  const { promise: mayAnswer, resolve: answer } = Promise.withResolvers<void>();
  await using scene = await startScene(async (query) => {
    await mayAnswer;
    return answerFrom(query);
  });
  await using client = await openClient(scene.port);
  const winning = await scene.inject("dns.spoof", { address: "198.18.0.66" });
  client.ask("plc.test");
  expect(view((await client.hear()).bytes)).toContain("198.18.0.66");
  answer();
  expect(view((await client.hear()).bytes)).toContain("10.0.0.1");
  await winning[Symbol.asyncDispose]();
  await scene.inject("dns.spoof", { address: "198.18.0.66", race: "lose" });
  client.ask("plc.test", "A", 7);
  expect(view((await client.hear()).bytes)).toContain("10.0.0.1");
  expect(view((await client.hear()).bytes)).toContain("198.18.0.66");
});

test("row 30, dns.cname-flap: dig finds another alias at each question", async () => {
  await using scene = await startScene();
  await scene.inject("dns.cname-flap", { to: "boot.test", or: "pair.test" });
  const asked = async (): Promise<string> => (await dig(scene.port, "+tries=5", "+short", "plc.test")).said;
  expect([await asked(), await asked(), await asked()]).toEqual([
    "boot.test.\n10.0.0.2\n",
    "pair.test.\n10.0.0.3\n10.0.0.4\n",
    "boot.test.\n10.0.0.2\n",
  ]);
});

test("row 33, dns.stale: dig hears what the server said when the fault began, whatever it says by now", async () => {
  let address = "10.0.0.1";
  await using scene = await startScene((query) => {
    const reply = answerFrom(query);
    return { ...reply, answers: [{ name: "plc.test", type: "A", ttl: 1, data: address }] };
  });
  const injected = await scene.inject("dns.stale", { behind: "1h" });
  const asked = async (): Promise<string> => (await dig(scene.port, "+tries=5", "+short", "plc.test")).said.trim();
  expect(await asked()).toBe("10.0.0.1");
  address = "10.0.0.5";
  expect(await asked()).toBe("10.0.0.1");
  await injected[Symbol.asyncDispose]();
  expect(await asked()).toBe("10.0.0.5");
});
