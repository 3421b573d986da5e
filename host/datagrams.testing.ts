/** What UDP does on every host. */
import { expect, test } from "vitest";
import type { Address } from "./host.ts";
import { until, type HostPair } from "./talk.testing.ts";

export function describeDatagrams(startPair: () => Promise<HostPair>): void {
  test("arrive whole, with the address of their sender, and can be answered", async () => {
    await using pair = await startPair();
    await using echo = await pair.server.network.bind({ port: 0 }, (bytes, from) => echo.send(bytes, from));
    const there = { host: pair.place, port: echo.address.port };
    const heard: string[] = [];
    const froms: Address[] = [];
    await using socket = await pair.client.network.bind({ port: 0 }, (bytes, from) => {
      heard.push(Buffer.from(bytes).toString());
      froms.push(from);
    });
    for (const text of ["one", "", "three"]) socket.send(Buffer.from(text), there);
    await until(() => heard.length === 3);
    expect(heard).toEqual(["one", "", "three"]);
    expect(froms).toEqual([there, there, there]);
  });

  test("keep their order between two sockets, and their bytes although the sender writes over them", async () => {
    await using pair = await startPair();
    const heard: number[] = [];
    await using socket = await pair.server.network.bind({ port: 0 }, ([byte = -1]) => void heard.push(byte));
    await using sender = await pair.client.network.bind({ port: 0 }, () => {});
    const bytes = new Uint8Array(1);
    for (let count = 0; count < 100; count += 1) {
      bytes[0] = count;
      sender.send(bytes, { host: pair.place, port: socket.address.port });
    }
    await until(() => heard.length === 100);
    expect(heard).toEqual(Array.from({ length: 100 }, (_, count) => count));
  });

  test("have 65,507 bytes at most", async () => {
    await using pair = await startPair();
    const lengths: number[] = [];
    await using socket = await pair.server.network.bind({ port: 0 }, (bytes) => void lengths.push(bytes.length));
    await using sender = await pair.client.network.bind({ port: 0 }, () => {});
    const there = { host: pair.place, port: socket.address.port };
    expect(() => sender.send(new Uint8Array(65_508), there)).toThrow(expect.objectContaining({ code: "EMSGSIZE" }));
    sender.send(new Uint8Array(65_507), there);
    await until(() => lengths.length > 0);
    expect(lengths).toEqual([65_507]);
  });

  test("are lost in silence where nobody waits for them, or not any more", async () => {
    await using pair = await startPair();
    const late: string[] = [];
    const former = await pair.server.network.bind({ port: 0 }, (bytes) => void late.push(String(bytes)));
    const { port } = former.address;
    await former[Symbol.asyncDispose]();
    await using sender = await pair.client.network.bind({ port: 0 }, () => {});
    const there = { host: pair.place, port };
    sender.send(Buffer.from("into the void"), there);
    former.send(Buffer.from("from the grave"), { host: pair.place, port: sender.address.port });
    const heard: string[] = [];
    await pair.client.clock.sleep(5);
    await using socket = await pair.server.network.bind({ port }, (bytes) => void heard.push(String(bytes)));
    expect(socket.address.port).toBe(port);
    sender.send(Buffer.from("again"), there);
    await until(() => heard.length > 0);
    expect({ heard, late }).toEqual({ heard: ["again"], late: [] });
  });

  test("go to addresses, not to names", async () => {
    await using pair = await startPair();
    await using sender = await pair.client.network.bind({ port: 0 }, () => {});
    expect(() => sender.send(new Uint8Array(1), { host: "plc.test", port: 1 })).toThrow("network.resolve");
  });

  test("have ports of their own: one that TCP has can be taken, and not again", async () => {
    await using pair = await startPair();
    const { network } = pair.server;
    await using listener = await network.listen({ port: 0 }, () => {});
    const { port } = listener.address;
    const first = await network.bind({ port }, () => {});
    await expect(network.bind({ port }, () => {})).rejects.toMatchObject({ code: "EADDRINUSE" });
    await first[Symbol.asyncDispose]();
    await using second = await network.bind({ port }, () => {});
    expect(second.address.port).toBe(port);
  });
}
