/** Names and time through the gate, at the ports that clients ask by themselves (53 and 123), with a resolv.conf of ours in the container. */
import { describe, expect, test } from "vitest";
import type { Link, Service } from "../../plan/schema.ts";
import { createImages } from "./images.ts";
import { hasEngine, theEngine } from "./engine.testing.ts";
import { openStage, program } from "./stage.testing.ts";
import type { Stage } from "./stage.testing.ts";

const zone = `$TTL 1
@ SOA ns hostmaster 1 1h 10m 1w 1m
time A link:ask
`;

/** Looks the name up by glibc, asks whatever it finds for the time, and says how many seconds that is ahead of its own. */
const client = `
const { lookup } = require("node:dns");
const { createSocket } = require("node:dgram");
const socket = createSocket("udp4").on("message", (packet) =>
  console.log("ahead " + Math.round(packet.readUInt32BE(40) + packet.readUInt32BE(44) / 2 ** 32 - 2208988800 - Date.now() / 1000)));
const request = Buffer.alloc(48);
request[0] = 0x23;
console.log(require("node:fs").readFileSync("/etc/resolv.conf", "utf8"));
const look = () => lookup("time.plc.test", { family: 4 }, (error, address) => {
  console.log(error ? "lost " + error.code : "found " + address);
  if (!error) socket.send(request, 123, address);
  setTimeout(look, 50);
});
look();`;

function linesOf({ happenings }: Stage): readonly string[] {
  return happenings.flatMap((each) =>
    each.event === "service.log" && each.service === "client" ? [each.line ?? ""] : [],
  );
}

describe.runIf(hasEngine)("through the gate", () => {
  test("a container asks for names at port 53, by UDP and by TCP, and for the time at port 123, and meets the faults there", async () => {
    const time = program(new URL("../../../servers/ntp/main.ts", import.meta.url));
    const dns: Service = {
      ...program(new URL("../../../servers/dns/main.ts", import.meta.url)),
      args: ["--zone", "plc.test=plc.test.zone"],
      files: { "plc.test.zone": zone },
      told: ["ask"],
      zones: ["plc.test"],
      ready: { log: "ready" },
    };
    const image = await createImages(theEngine(), () => {}).own();
    const { program: _program, ...rest } = time;
    const looking: Service = {
      ...rest,
      image,
      command: ["node", "-e", client],
      resolver: { timeout: 1000, attempts: 1 },
    };
    const ask: Link = { from: "client", to: "time", proto: "ntp", port: 123, name: "time.plc.test" };
    const names: Link = { from: "client", to: "dns", proto: "dns", port: 53 };
    await using stage = await openStage({ services: { dns, time, client: looking }, links: { ask, names } });
    /** Resolves once it says this again. */
    const says = async (line: string): Promise<void> => {
      const before = linesOf(stage).length;
      await stage.until(() => linesOf(stage).slice(before).includes(line));
    };
    const [door, server] = ["ask", "names"].map((link) => stage.world.links.get(link)?.address.host);
    await says(`found ${door}`);
    await says("ahead 0");
    expect(linesOf(stage).filter((line) => line.startsWith("nameserver"))).toEqual([`nameserver ${server}`]);

    const step = await stage.inject("ntp.step", "ask", { by: "40s" });
    await says("ahead 40");
    await step.hit;
    const lost = await stage.inject("dns.rcode", "names", { code: "servfail" });
    await says("lost EAI_AGAIN");
    await lost.lift();
    await says(`found ${door}`);
    const truncated = await stage.inject("dns.truncate", "names");
    await truncated.hit;
    await stage.until(() => stage.happenings.some((each) => each.event === "dns.reply" && each.transport === "tcp"));
    await says(`found ${door}`);
  });
});
