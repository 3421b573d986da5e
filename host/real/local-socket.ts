/** Unix domain sockets: doors that only this machine's processes reach, and of them only those that may write to the file. */
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { connect, createServer, type Server, type Socket as NodeSocket } from "node:net";
import { relative, resolve } from "node:path";
import { codeOf } from "../error-code.ts";
import type { Listener, ListenOptions, Socket, Waiting } from "../host.ts";

/** What is left of a process that has died is replaced, and a door at which somebody still listens is not. */
export async function listenLocal(
  path: string,
  { halfOpen = false, pauseOnConnect = false }: Pick<ListenOptions, "halfOpen" | "pauseOnConnect">,
  onConnection: (socket: Socket) => void,
): Promise<Listener> {
  const open = async (): Promise<Server> => {
    const server = createServer({ allowHalfOpen: halfOpen, pauseOnConnect }, (socket) =>
      onConnection(withoutReset(socket)),
    );
    server.listen(shortest(path));
    await once(server, "listening");
    return server;
  };
  const server = await open().catch(async (error: unknown) => {
    if (codeOf(error) !== "EADDRINUSE" || !(await isAbandoned(path))) throw error;
    await rm(path, { force: true });
    return open();
  });
  return {
    address: { host: path, port: 0 },
    silence: () => Promise.reject(new Error(`${path} is a Unix domain socket: nothing gets lost on the way to it`)),
    async [Symbol.asyncDispose]() {
      server.close();
    },
  };
}

export async function connectLocal(
  path: string,
  { halfOpen = false }: { readonly halfOpen?: boolean | undefined },
  { signal }: Waiting,
): Promise<Socket> {
  signal?.throwIfAborted();
  const socket = connect({ path: shortest(path), allowHalfOpen: halfOpen });
  const abort = (): void => void socket.destroy(signal?.reason);
  signal?.addEventListener("abort", abort, { once: true });
  try {
    await once(socket, "connect");
    return withoutReset(socket);
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}

async function isAbandoned(path: string): Promise<boolean> {
  try {
    (await connectLocal(path, {}, {})).destroy();
    return false;
  } catch (error) {
    return codeOf(error) === "ECONNREFUSED";
  }
}

/** The kernel takes 107 bytes; a service's directory may lie deep, and the process mostly runs in it. */
function shortest(path: string): string {
  const near = relative(process.cwd(), resolve(path));
  return near.length < path.length ? near : path;
}

/** There is no RST on these; whoever is cut off hears of the end. */
function withoutReset(socket: NodeSocket): Socket {
  socket.resetAndDestroy = () => socket.destroy();
  return socket;
}
