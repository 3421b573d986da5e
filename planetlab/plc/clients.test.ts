/** PLC as others see it: Python's XML-RPC, curl, GnuPG. */
import { execFile } from "node:child_process";
import { mkdtempDisposable, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { decodeReply, encodeCall } from "../xml-rpc.ts";
import { hmacOf } from "../hmac.ts";
import { modeOf } from "../programs.testing.ts";
import { calls } from "./calls/registry.ts";
import { generateData } from "./generate.ts";
import { startPlc } from "./plc.testing.ts";

const run = promisify(execFile);
const made = generateData({ slices: 2, keyBytes: 800, node: 42, nodes: 2 });
const data = {
  ...made,
  nodes: made.nodes.map((node) => ({
    ...node,
    groups: ["Internet2"],
    interfaces: node.interfaces.map((each) => ({ ...each, tags: { alias: "0", ifname: "eth0" } })),
  })),
};
const key = data.nodes[0]?.key ?? "";

async function call(url: string, method: string, auth: Readonly<Record<string, string | number>>): Promise<unknown> {
  const body = encodeCall({ method, params: [auth] });
  return decodeReply(await (await fetch(`${url}/PLCAPI/`, { method: "POST", body })).text());
}

test("a node has its session, its slivers and its files by Python's xmlrpc.client over HTTPS", async () => {
  await using plc = await startPlc({ data, tls: true });
  const script = join(import.meta.dirname, "fixtures/node.py");
  const { stdout } = await run("python3", [script, plc.url, plc.authority, "42", key]);
  const told = JSON.parse(stdout) as Record<string, unknown>;
  expect(told).toMatchObject({
    check: 1,
    by_key: 1,
    first_is_over: 103,
    kept: true,
    wrong_key: 103,
    arguments_are_signed: [],
    other_arguments: 103,
    no_method: 100,
    help: "AuthCheck(auth): 1",
    signature: "undef",
    no_help: 100,
    no_auth: 101,
    not_allowed: 108,
    tags: [
      { tagname: "alias", value: "0" },
      { tagname: "ifname", value: "eth0" },
    ],
    groups: [{ groupname: "Internet2", node_ids: [42, 1000] }],
    by_mac: 42,
    conf_file: "server ntp.plc.test\n",
  });
  expect(told["listed"]).toEqual([...calls.keys()].sort());
  expect(told["slivers"]).toMatchObject({
    node_id: 42,
    hostname: "node42.princeton.test",
    interfaces: [{ node_id: 42, mac: "02:16:00:00:00:2a", is_primary: true, method: "dhcp" }],
    groups: ["Internet2"],
    conf_files: [{ source: "PlanetLabConf/ntp.conf", dest: "/etc/ntp.conf", file_permissions: "644", enabled: true }],
    accounts: [{ name: "site_admin" }, { name: "root" }],
    leases: null,
  });
  const { slivers } = told["slivers"] as { readonly slivers: readonly Record<string, unknown>[] };
  expect(slivers.map(({ name }) => name)).toEqual(["princeton_slice001", "princeton_slice002"]);
  expect(slivers[0]).toMatchObject({ slice_id: 101, instantiation: "plc-instantiated", expires: 2_147_483_647 });
  expect(slivers[0]?.["attributes"]).toContainEqual({ tagname: "cpu_share", value: "32" });
  expect(slivers[0]?.["keys"]).toHaveLength(3);
});

test.for([
  ["AuthCheck", [], 101, "AuthCheck: Expected 1 arguments, got 0"],
  ["AuthCheck", [{}, 1], 101, "AuthCheck: Expected 1 arguments, got 2"],
  ["GetSlivers", [], 101, "GetSlivers: Expected 1-2 arguments, got 0"],
  ["GetNodeID", [], 101, "GetNodeID: Expected 1-2 arguments, got 0"],
  ["AuthCheck", ["me"], 102, "AuthCheck: Invalid argument: auth: expected struct"],
  ["DeleteEverything", [], 100, "Invalid method DeleteEverything"],
  [
    "AuthCheck",
    [{ AuthMethod: "session", session: "none" }],
    103,
    "AuthCheck: Failed to authenticate call: SessionAuth: No such session",
  ],
] as const)("%s of %j is refused with %i: %s", async ([method, params, code, message]) => {
  await using plc = await startPlc({ data });
  const body = encodeCall({ method, params });
  const reply = await fetch(`${plc.url}/PLCAPI/`, { method: "POST", body });
  expect(decodeReply(await reply.text())).toEqual({ fault: { code, message } });
});

test("curl posts a call as the Node Manager of 2010 did, and checks the certificate", async () => {
  await using plc = await startPlc({ data, tls: true });
  const body = encodeCall({ method: "GetNodeID", params: ["02-16-00-00-00-2A", "node1000.princeton.test"] });
  const curl = async (...args: string[]): Promise<string> =>
    (await run("curl", ["--silent", "--fail", "--cacert", plc.authority, ...args])).stdout;
  expect(decodeReply(await curl("--data", body, `${plc.url}/PLCAPI/`))).toEqual({ value: 42 });
  expect(await curl("--data", "mac_addr=02:16:00:00:03:e8", `${plc.url}/boot/getnodeid.php`)).toBe("1000");
  expect(await curl(`${plc.url}/boot/getnodeid.php?mac_addr=02:16:00:00:00:00`)).toBe("-1");
  expect(await curl(`${plc.url}/PlanetLabConf/ntp.conf?node_id=42`)).toBe("server ntp.plc.test\n");
  expect(await curl(`${plc.url}/xml/slices-0.5.xml`)).toContain('<slice id="101" name="princeton_slice001"');
  await expect(run("curl", ["--silent", `${plc.url}/xml/slices-0.5.xml`])).rejects.toMatchObject({ code: 60 });
});

const ofOldClients = ["--ciphers", "DEFAULT@SECLEVEL=0", "--tlsv1.0", "--tls-max"];

test.for(["1.0", "1.1", "1.2"])("a node that speaks TLS %s alone finds what it needs", async (version) => {
  await using plc = await startPlc({ data, tls: true });
  const curl = async (...args: string[]): Promise<string> => {
    const { stdout } = await run("curl", ["-sf", "--cacert", plc.authority, ...ofOldClients, version, ...args]);
    return stdout;
  };
  expect(await curl(`${plc.url}/xml/slices-0.5.xml`)).toContain('<slice id="101" name="princeton_slice001"');
  expect(await curl(`${plc.url}/PlanetLabConf/ntp.conf?node_id=42`)).toBe("server ntp.plc.test\n");
  const body = encodeCall({
    method: "AuthCheck",
    params: [{ AuthMethod: "hmac", node_id: 42, value: hmacOf({ key }, []) }],
  });
  expect(decodeReply(await curl("--data", body, `${plc.url}/PLCAPI/`))).toEqual({ value: 1 });
});

test.for([
  { args: ["-tls1", "-cipher", "DEFAULT@SECLEVEL=0"], agreed: "Protocol  : TLSv1\n" },
  { args: [], agreed: "New, TLSv1.3," },
])("openssl s_client $args agrees on $agreed", async ({ args, agreed }) => {
  await using plc = await startPlc({ data, tls: true });
  const connecting = run("openssl", ["s_client", "-connect", plc.url.slice(8), "-CAfile", plc.authority, ...args]);
  connecting.child.stdin?.end();
  const { stdout } = await connecting;
  expect(stdout).toContain("Verification: OK");
  expect(stdout).toContain(agreed);
});

test("a PLC that speaks no old TLS turns old nodes away", async () => {
  await using plc = await startPlc({ data, tls: true, oldestTls: "1.2" });
  const ask = (version: string) =>
    run("curl", ["-sf", "--cacert", plc.authority, ...ofOldClients, version, `${plc.url}/xml/slices-0.5.xml`]);
  await expect(ask("1.1")).rejects.toMatchObject({ code: 35 });
  expect((await ask("1.2")).stdout).toContain("<planetlab_slices>");
});

test("a ticket is a GetSlivers reply of one slice, and GnuPG knows who signed it", async () => {
  await using plc = await startPlc({ data });
  const ask = async (email: string, password: string, slice: string) => {
    const auth = { AuthMethod: "password", Username: email, AuthString: password };
    const body = encodeCall({ method: "GetSliceTicket", params: [auth, slice] });
    return decodeReply(await (await fetch(`${plc.url}/PLCAPI/`, { method: "POST", body })).text());
  };
  expect(await ask("user2@site", "password2", "princeton_slice001")).toMatchObject({ fault: { code: 108 } });
  expect(await ask("user2@site", "wrong", "princeton_slice002")).toMatchObject({ fault: { code: 103 } });
  const reply = await ask("user2@site", "password2", "princeton_slice002");
  const ticket = "value" in reply && typeof reply.value === "string" ? reply.value : "";
  await using folder = await mkdtempDisposable(join(tmpdir(), "sinbin-gpg-"));
  const home = folder.path;
  await writeFile(join(home, "ticket"), ticket);
  await writeFile(join(home, "pubring"), await (await fetch(`${plc.url}/boot/pubring.gpg`)).text());
  const gpg = (...args: string[]) => run("gpg", ["--homedir", home, "--batch", "--no-tty", ...args]);
  await gpg("--import", join(home, "pubring"));
  const { stdout, stderr } = await gpg("--decrypt", join(home, "ticket"));
  expect(stderr).toContain('Good signature from "PlanetLab Central');
  expect(decodeReply(stdout)).toMatchObject({ value: { slivers: [{ name: "princeton_slice002", slice_id: 102 }] } });
  await writeFile(
    join(home, "forged"),
    ticket.replace(/^[A-Za-z]/m, (letter) => (letter === "A" ? "B" : "A")),
  );
  await expect(gpg("--decrypt", join(home, "forged"))).rejects.toThrow("Command failed");
  await run("gpgconf", ["--homedir", home, "--kill", "all"]);
});

test("sessions outlive a restart of PLC, and are in a file of its own user's, as the key of tickets is", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "sinbin-plc-"));
  const directory = folder.path;
  const sessions = join(directory, "sessions.json");
  let session = "";
  {
    await using plc = await startPlc({ data, directory });
    const value = "5a3c8c4b"; // No HMAC of anything.
    expect(await call(plc.url, "GetSession", { AuthMethod: "hmac", node_id: 42, value })).toMatchObject({
      fault: { code: 103 },
    });
    const reply = await call(plc.url, "GetSession", { AuthMethod: "hmac", node_id: 42, value: hmacOf({ key }, []) });
    session = (reply as { readonly value: string }).value;
  }
  {
    await using plc = await startPlc({ data, directory });
    const auth = { AuthMethod: "session", session };
    expect(await call(plc.url, "AuthCheck", auth)).toEqual({ value: 1 });
    await fetch(`${plc.url}/boot/pubring.gpg`);
    const modes = await Promise.all([sessions, join(directory, "ticket-key.json")].map(modeOf));
    expect(modes).toEqual(["600", "600"]);
    await plc.inject("plc.revoke-session", { node: 42 });
    expect(await call(plc.url, "AuthCheck", auth)).toMatchObject({ fault: { code: 103 } });
    expect(plc.hits()).toBe(1);
  }
  expect(await readFile(sessions, "utf8")).toBe("{}");
});
