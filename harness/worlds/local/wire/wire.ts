/** A wire: what befalls the packets of services in the kernel, on the interface that they are behind. Needs root in the network namespace, `ip`, `nft` and `ethtool`. */
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { WorldError } from "../../../errors.ts";
import { counterOf, namesOf, rulesOf } from "./rules.ts";
import type { Fate, WireNames } from "./rules.ts";

/** Disposing takes it away, with whatever befalls packets on it. */
export interface Wire extends AsyncDisposable {
  /** `onFirst` is told once how many packets it has met, at the latest when it is lifted. @throws {WorldError} if this kernel has no such thing. */
  befall(fate: Omit<Fate, "id">, onFirst: (packets: number) => void): Promise<AsyncDisposable>;
}

/** The same for one service. */
export type Befall = (
  fate: Omit<Fate, "id" | "service">,
  onFirst: (packets: number) => void,
) => Promise<AsyncDisposable>;

/** What it rests on, and which Debian package brings it. */
export const wireTools = { nft: "nftables", ethtool: "ethtool", ip: "iproute2" } as const;

const betweenLooksMs = 50;

/** On an interface. */
export function createWire(device: string): Wire {
  const names = namesOf(device);
  const fates: Fate[] = [];
  const served = new Set<string>();
  let number = 0;
  let isLaid = false;
  let turn: Promise<unknown> = Promise.resolve();
  /** Two changes at a time would undo one another. */
  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const mine = turn.then(work);
    turn = mine.catch(() => {});
    return mine;
  };
  const add = async (fate: Fate): Promise<void> => {
    if (!isLaid) await lay(names);
    isLaid = true;
    served.add(fate.service);
    await nft(rulesOf(names, [...fates, fate], served));
    fates.push(fate);
  };
  const remove = async (fate: Fate): Promise<number> => {
    fates.splice(fates.indexOf(fate), 1);
    await nft(rulesOf(names, fates, served));
    const packets = await countOf(names, fate);
    await nft(`delete counter netdev ${names.table} ${counterOf(fate)}`);
    return packets;
  };

  return {
    async [Symbol.asyncDispose]() {
      if (!isLaid) return;
      await inTurn(async () => {
        await nft(`delete table netdev ${names.table}`);
        await run("ip", ["link", "delete", names.near]);
        isLaid = false;
      });
    },
    async befall(wanted, onFirst) {
      const fate = { ...wanted, id: number++ };
      await inTurn(() => add(fate));
      const lifted = new AbortController();
      let told = false;
      const tell = (packets: number): void => {
        if (told || packets === 0) return;
        told = true;
        onFirst(packets);
      };
      const watching = watch(names, fate, tell, lifted.signal);
      // Whoever lifts it hears of it.
      watching.catch(() => {});
      return {
        async [Symbol.asyncDispose]() {
          lifted.abort();
          tell(await inTurn(() => remove(fate)));
          await watching;
        },
      };
    },
  };
}

/** Until it has met a packet. As long as nothing goes over the wire there is nothing to ask for. */
async function watch(
  names: WireNames,
  fate: Fate,
  tell: (packets: number) => void,
  signal: AbortSignal,
): Promise<void> {
  let traffic: string | undefined;
  try {
    for (;;) {
      await sleep(betweenLooksMs, undefined, { signal });
      const now = trafficOf(names.far);
      if (now === traffic) continue;
      traffic = now;
      const packets = await countOf(names, fate);
      tell(packets);
      if (packets > 0) return;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** What its interface has counted: of this network namespace, whatever is mounted where. */
function trafficOf(device: string): string | undefined {
  return readFileSync("/proc/net/dev", "latin1")
    .split("\n")
    .find((line) => line.trimStart().startsWith(`${device}:`));
}

const described = z.array(z.object({ address: z.string(), mtu: z.number() }));

/** The far end has the address of the device, so that what arrives there is for us as well. */
async function lay({ device, near, far }: WireNames): Promise<void> {
  const [about] = described.parse(JSON.parse(await run("ip", ["-json", "link", "show", "dev", device])));
  if (about === undefined) throw new Error(`there is no interface ${device}`);
  const { address, mtu } = about;
  await run(
    "ip",
    ["-batch", "-"],
    [
      `link add ${near} mtu ${mtu} type veth peer name ${far} mtu ${mtu} address ${address}`,
      `link set ${far} addrgenmode none arp off up`,
      `link set ${near} addrgenmode none up`,
    ],
  );
  try {
    await run("ethtool", ["--offload", near, "tx", "off", "tso", "off", "gso", "off"]);
    acceptFrom(far);
  } catch (error) {
    await run("ip", ["link", "delete", near]);
    throw error;
  }
}

/** Packets come from where nothing is sent to: a kernel that is strict about that (RFC 3704) would throw them away. */
function acceptFrom(device: string): void {
  for (const name of ["all", device]) {
    const path = `/proc/sys/net/ipv4/conf/${name}/rp_filter`;
    try {
      if (readFileSync(path, "latin1").trim() === "1") writeFileSync(path, "0");
    } catch (cause) {
      throw new WorldError(`packets can't be led over a wire: net.ipv4.conf.${name}.rp_filter is 1 here, write 0`, {
        cause,
      });
    }
  }
}

const listed = z.object({
  nftables: z.array(z.object({ counter: z.object({ packets: z.number() }).optional() })),
});

async function countOf({ table }: WireNames, fate: Fate): Promise<number> {
  const text = await run("nft", ["--json", "list", "counter", "netdev", table, counterOf(fate)]);
  const { nftables } = listed.parse(JSON.parse(text));
  return nftables.find(({ counter }) => counter !== undefined)?.counter?.packets ?? 0;
}

async function nft(script: string): Promise<void> {
  await run("nft", ["-f", "-"], [script]);
}

function run(tool: string, words: readonly string[], lines: readonly string[] = []): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(tool, words, (error, output, complaint) => {
      if (error === null) {
        resolve(output);
        return;
      }
      const reason = complaint.trim().split("\n")[0] ?? "";
      const why = reason === "" ? error.message : reason;
      reject(
        new WorldError(
          `packets can't be disturbed here: ${tool} says "${why}"; it takes Linux 5.16 or newer, with nf_tables`,
          { cause: error },
        ),
      );
    });
    child.stdin?.on("error", () => {});
    child.stdin?.end(lines.map((line) => `${line}\n`).join(""));
  });
}
