/** What the Node Manager's log and output hide: a whole session of a daemon with a PLC that quotes whatever it is given. */
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { hmacOf } from "../hmac.ts";
import { call, modeOf, nextFolder, prepare, start, type Program } from "../programs.testing.ts";
import { decodeCall, encodeReply, isStruct, type XmlRpcValue } from "../xml-rpc.ts";
import { createMask, masked } from "./mask.ts";

prepare();

const key = "the key of node 42";
const session = "q2V5cyBhcmUgc2VjcmV0cyBhbmQgc28gYXJlIHNlc3Npb25z";
const sshKey = "AAAAB3NzaC1yc2EAAAADAQABAAABgQDNzmu7";
const slivers = [
  {
    name: "princeton_codeen",
    slice_id: 101,
    expires: 2_147_483_647,
    instantiation: "plc-instantiated",
    keys: [{ key_type: "ssh", key: `ssh-rsa ${sshKey} user7@site` }],
    attributes: [],
  },
];

/** Tells what the node shall have once; from then on it refuses, and says whom it has refused, and what it knows of him. */
async function startTalkativePlc(): Promise<AsyncDisposable & { readonly address: string }> {
  let told = 0;
  const answer = (method: string, auth: XmlRpcValue): Parameters<typeof encodeReply>[0] => {
    const given = isStruct(auth) ? auth : {};
    if (given["AuthMethod"] === "hmac" && method === "GetSession") return { value: session };
    if (method === "GetSlivers" && (told += 1) === 1) return { value: { node_id: 42, timestamp: 0, slivers } };
    const quoted = `${JSON.stringify(given["session"])} of "${key}", who has signed ${hmacOf({ key }, [])}\nssh-rsa ${sshKey}`;
    return { fault: { code: 103, message: `Failed to authenticate call: no such session ${quoted}` } };
  };
  const reply = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method, params } = decodeCall(Buffer.concat((await request.toArray()) as Buffer[]).toString());
    response.setHeader("content-type", "text/xml");
    response.end(encodeReply(answer(method, params[0] ?? null)));
  };
  const server = createServer((request, response) => void reply(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

const args = ["--plc=http://plc.test:80", "--source=api", `--key=${key}`, "--node-id=42", "--poll=1s"];
const startSecretive = (plc: string, more: readonly string[], folder = nextFolder()): Promise<Program> =>
  start("node-manager/main.ts", [...args, ...more], { "plc.test:80": plc }, folder);

/** Everything that it has written to its log and its output until PLC has refused it, and the handles that it has given meanwhile. */
async function live(
  ...more: readonly string[]
): Promise<{ readonly text: string; readonly handles: readonly string[] }> {
  await using plc = await startTalkativePlc();
  const node = await startSecretive(plc.address, more);
  await node.see("document.applied");
  const [, rcap] = (await call(node, "acquire", { nm_cpu_share: 8 })) as [number, string];
  expect(await call(node, "bind", "princeton_codeen", rcap)).toEqual([0, "ok"]);
  const [, lease] = (await call(node, "lease", "princeton_codeen", { length: 900 })) as [number, { lease: string }];
  await node.see("session.lost");
  await node.see("fetch.end", { outcome: "denied" });
  const status = JSON.stringify(await call(node, "status"));
  node.signal("SIGTERM");
  await node.exited;
  const log = await readFile(join(node.directory, "node.log"), "utf8");
  return { text: [log, JSON.stringify(node.lines), node.errors(), status].join("\n"), handles: [rcap, lease.lease] };
}

test("no session, key, digest by a key or handle gets into its log, its output or its status, whoever says it", async () => {
  const { text, handles } = await live();
  expect(text).toContain('no such session \\"***\\" of');
  expect([session, key, hmacOf({ key }, []), sshKey, ...handles].filter((secret) => text.includes(secret))).toEqual([]);
});

test("without mask-log what PLC says is there", async () => {
  const { text } = await live("--without", "mask-log");
  expect([session, key, hmacOf({ key }, []), sshKey].filter((secret) => !text.includes(secret))).toEqual([]);
});

test("the files of the session and of the handles are their owner's alone, also those that an older Node Manager has left open", async () => {
  await using plc = await startTalkativePlc();
  const folder = nextFolder();
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "session.json.new"), "", { mode: 0o644 });
  await writeFile(join(folder, "state.json.new"), "", { mode: 0o644 });
  await using node = await startSecretive(plc.address, [], folder);
  await node.see("document.applied");
  for (const request of ["one", "two"])
    expect(await call(node, "acquire", { nm_cpu_share: 8 }, { request })).toMatchObject([0, expect.any(String)]);
  const files = ["session.json", "state.json", "state.json.previous"];
  expect(await Promise.all(files.map((file) => modeOf(join(folder, file))))).toEqual(["600", "600", "600"]);
});

test("names, paths and numbers are no secrets, however long they are", () => {
  const mask = createMask([key, "abc"]);
  for (const text of [
    `princetonuniversityinnewjersey_${"codeen".repeat(10)}`,
    `/var/lib/${"nodemanager/".repeat(8)}slivers`,
    "abc",
  ])
    expect(mask(text)).toBe(text);
  expect(mask("set=0123456789abcdef0123456789ABCDEF,lease")).toBe("set=***,lease");
  expect(masked({ names: [session, "a"], count: 3, none: null, deep: { of: key } }, mask)).toEqual({
    names: ["***", "a"],
    count: 3,
    none: null,
    deep: { of: "***" },
  });
});
