/** The API below `/sinbin` in tests: what is asked of it, and what it shows. */
import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { connect } from "node:net";
import type { TestApi } from "./api.testing.ts";

interface Shown {
  readonly listen: string;
  readonly enabled: boolean;
  readonly faults: readonly string[];
  readonly toxics: readonly object[];
  readonly opened: number;
  readonly traffic: Readonly<Record<"upstream" | "downstream", { readonly received: number }>>;
  readonly connections: readonly {
    readonly connection: number;
    readonly client: string;
    readonly hits: readonly string[];
  }[];
}

export interface All {
  readonly proxies: Readonly<Record<string, Shown>>;
  readonly faults: Readonly<Record<string, { readonly hits: number }>>;
  readonly error: string;
}

export async function send(api: TestApi, changes: readonly object[]): Promise<[number, All]> {
  const { status, text } = await api.call("POST", "/sinbin/changes", changes);
  return [status, JSON.parse(text) as All];
}

export async function all(api: TestApi): Promise<All> {
  return JSON.parse((await api.call("GET", "/sinbin")).text) as All;
}

export async function listenOf(api: TestApi, name = "web"): Promise<string> {
  return (await all(api)).proxies[name]?.listen ?? "";
}

export const latency = { "tcp.latency": { delay: "60ms" }, where: "web" };

export async function startUdpEcho(): Promise<{ readonly address: string } & AsyncDisposable> {
  const socket = createSocket("udp4");
  socket.on("message", (bytes, { port, address }) => socket.send(bytes, port, address));
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  const close = async (): Promise<void> => void socket.close();
  return { address: `127.0.0.1:${socket.address().port}`, [Symbol.asyncDispose]: close };
}

export function udpClient(listen: string): UdpSocket & AsyncDisposable {
  const socket = createSocket("udp4");
  socket.connect(Number(listen.split(":").at(-1)), "127.0.0.1");
  return Object.assign(socket, { [Symbol.asyncDispose]: async () => void socket.close() });
}

export async function follow(
  api: TestApi,
  headers = "",
): Promise<{ until(text: string): Promise<string> } & Disposable> {
  const socket = connect(api.port, "127.0.0.1");
  socket.on("error", () => undefined).setEncoding("utf8");
  socket.write(`GET /sinbin/events HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`);
  let got = "";
  let waiting: (() => void) | undefined;
  socket.on("data", (text: string) => {
    got += text;
    waiting?.();
  });
  return {
    until: (text) =>
      new Promise((resolve) => {
        waiting = () => {
          if (got.includes(text)) resolve(got);
        };
        waiting();
      }),
    [Symbol.dispose]: () => void socket.destroy(),
  };
}
