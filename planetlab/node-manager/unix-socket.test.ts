/** The Node Manager's Unix domain socket, which services on the node use. */
import { once } from "node:events";
import { request, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { relative } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { decodeReply, encodeCall, type Reply } from "../xml-rpc.ts";
import { prepare, startNode, startPlc, type Program } from "../programs.testing.ts";

prepare();

const pathOf = (node: Program): string => `${relative(process.cwd(), node.directory)}/rpc.sock`;

async function askThere(node: Program, method: string): Promise<Reply> {
  const asking = request({ socketPath: pathOf(node), method: "POST" }).end(encodeCall({ method, params: [] }));
  const [reply] = (await once(asking, "response")) as [IncomingMessage];
  return decodeReply(await text(reply));
}

test("answers as the port does, turns visitors away as well, and is there again after kill -9", async () => {
  await using plc = await startPlc("--slices", "1");
  const args = ["--socket", "rpc.sock", "--rpc-deadline", "300ms"];
  const first = await startNode(plc.address, args);
  expect(await askThere(first, "ping")).toMatchObject({ value: [0, { loop_age_ms: expect.any(Number) }] });
  const silent = connect(pathOf(first)).on("error", () => undefined);
  await first.see("rpc.visitor", { from: "here", why: "its head took longer than 300 ms" });
  silent.destroy();
  first.signal("SIGKILL");
  await first.exited;
  await using node = await startNode(plc.address, args, first.directory);
  expect(await askThere(node, "ping")).toMatchObject({ value: [0, expect.anything()] });
});
