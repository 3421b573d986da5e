import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { hmacOf } from "../hmac.ts";
import { decodeReply, encodeCall } from "../xml-rpc.ts";
import { toldData } from "./document.ts";
import { generateData } from "./generate.ts";
import { startPlc } from "./plc.testing.ts";
import { createSlicesFile } from "./slices-file.ts";

const data = generateData({ slices: 2, keyBytes: 100, node: 42, nodes: 1 });
const at = (timestampSeconds: number, of = data) => toldData(of, { timestampSeconds, node: undefined });
const md5 = (text: string): string => createHash("md5").update(text).digest("hex");

test("the sum that was told is that of the list that follows, though time passes", () => {
  const file = createSlicesFile();
  const sum = file.sum(at(1000));
  expect(md5(file.text(at(1299)))).toBe(sum);
  expect(file.sum(at(1299))).toBe(sum);
});

test("the sum is that of the list before, as long as nothing has changed", () => {
  const file = createSlicesFile();
  const text = file.text(at(1000));
  expect(file.sum(at(1003))).toBe(md5(text));
  expect(file.text(at(1003))).toBe(text);
});

test.for([
  ["five minutes later", at(1300)],
  ["when PLC's clock was set back", at(999)],
  ["when a slice has gone", at(1000, { ...data, slices: data.slices.slice(1) })],
] as const)("%s there is another list, with another sum", ([, told]) => {
  const file = createSlicesFile();
  const sum = file.sum(at(1000));
  const text = file.text(told);
  expect(text).toContain(`<timestamp value="${told.stamp.timestampSeconds}"/>`);
  expect(md5(text)).not.toBe(sum);
  expect(file.sum(told)).toBe(md5(text));
});

test("whom no sum concerns gets each list as it is now", () => {
  const file = createSlicesFile();
  expect(file.text(at(1000))).not.toBe(file.text(at(1001)));
});

test("PLC has the sum beside its list, and answers it to GetSlicesMD5", async () => {
  await using plc = await startPlc({ data });
  const get = async (path: string): Promise<string> => (await fetch(plc.url + path)).text();
  const sum = await get("/xml/slices-0.5.xml.md5");
  expect(sum).toBe(`${md5(await get("/xml/slices-0.5.xml"))}\n`);
  const auth = { AuthMethod: "hmac", node_id: 42, value: hmacOf({ key: data.nodes[0]?.key ?? "" }, []) };
  const body = encodeCall({ method: "GetSlicesMD5", params: [auth] });
  const reply = await fetch(`${plc.url}/PLCAPI/`, { method: "POST", body });
  expect(decodeReply(await reply.text())).toEqual({ value: sum.trim() });
  await plc.inject("plc.revoke-key", { person: 1 });
  expect(await get("/xml/slices-0.5.xml.md5")).not.toBe(sum);
});
