/** SliceStat, as its clients see it. */
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { last, nextFolder, prepare, startNode, startPlc } from "../programs.testing.ts";

prepare();

test("a line of 15 columns a slice; whoever asks for something else is told so", async () => {
  await using plc = await startPlc("--slices", "2");
  await using node = await startNode(plc.address, []);
  await node.see("sliver.started", { name: "princeton_slice001" });
  await node.see("sliver.started", { name: "princeton_slice002" });
  const { address } = await node.see("network.listening", { port: 3100 });
  const reply = await fetch(`http://${String(address)}/slicestat`);
  const rows = (await reply.text()).split("\n").slice(0, -1);
  expect(rows.map((row) => row.split(",").slice(0, 2))).toEqual([
    ["princeton_slice001", "101"],
    ["princeton_slice002", "102"],
  ]);
  for (const row of rows) expect(row.split(",")).toHaveLength(15);
  expect(Number(reply.headers.get("age"))).toBeGreaterThanOrEqual(0);
  expect((await fetch(`http://${String(address)}/`)).status).toBe(404);
  expect((await fetch(`http://${String(address)}/slicestat`, { method: "POST" })).status).toBe(405);
});

const sentBytes = 3_000_000;
const receivedBytes = 5_000_000;

test("what a slice sends and receives is in its columns, within a twentieth", async () => {
  const accepted = Promise.withResolvers<Socket>();
  const server = createServer(accepted.resolve).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const directory = nextFolder();
  await mkdir(directory, { recursive: true });
  // It connects, and talks when it is told to.
  const talk = `exec 3<>/dev/tcp/127.0.0.1/${port}; read -r _ <&3; head -c ${sentBytes} /dev/zero >&3 & cat <&3 >/dev/null; wait; exec 3>&-; sleep 1000`;
  await writeFile(join(directory, "talk.sh"), `exec bash -c '${talk}'`);
  await using plc = await startPlc("--slices", "1");
  await using node = await startNode(
    plc.address,
    ["--program", "talk.sh", "--without", "one-snapshot-a-burst"],
    directory,
  );
  const { address } = await node.see("network.listening", { port: 3100 });
  const ask = async () => {
    const began = performance.now();
    const row = await (await fetch(`http://${String(address)}/slicestat`)).text();
    return { began, ended: performance.now(), rates: row.split(",").slice(7, 13).map(Number) };
  };

  const socket = await accepted.promise;
  const first = await ask();
  expect(first.rates).toEqual([0, 0, 0, 0, 0, 0]);
  socket.resume().end(Buffer.concat([Buffer.from("\n"), Buffer.alloc(receivedBytes - 1)]));
  await once(socket, "close");
  server.close();
  let answer = first;
  await expect
    .poll(
      async () => {
        answer = await ask();
        return last(node, "slicestat.snapshot");
      },
      { interval: 200 },
    )
    .toMatchObject({ sent_bytes: sentBytes, received_bytes: receivedBytes + 1 });
  const [longest, shortest] = [answer.ended - first.began, answer.began - first.ended];
  for (const [index, rate] of answer.rates.entries()) {
    const bits = 8 * (index < 3 ? sentBytes : receivedBytes);
    expect(rate).toBeGreaterThanOrEqual((0.95 * bits) / longest);
    expect(rate).toBeLessThanOrEqual((1.05 * bits) / shortest);
  }
});
