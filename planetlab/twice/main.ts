/**
 * Two supervisors who know nothing of each other: each starts a Node Manager of its own in the same place, the second one a little later, with other ports.
 *
 * A service of a plan is one program; this one is two of them, on one machine, with one disk and one standard output.
 */
import type { Host, Main } from "../../host/host.ts";
import { main as nodeManager } from "../node-manager/main.ts";

const laterMs = 500;
const otherPorts = ["--listen", "813", "--slicestat", "3101"];

export const main: Main = async (host, args) => {
  const first = nodeManager(host, args);
  await host.clock.sleep(laterMs);
  const [code] = await Promise.all([first, startSecond(host, args)]);
  return code;
};

async function startSecond(host: Host, args: readonly string[]): Promise<void> {
  host.log("second.started");
  const code = await nodeManager(host, [...args, ...otherPorts]);
  host.log("second.ended", { code });
}
