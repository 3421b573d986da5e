/** The door of a name server: UDP and TCP on one port. What to answer is somebody else's business. RFC 1035, section 4.2; RFC 7766. */
import { codeOf } from "../../host/error-code.ts";
import type { Address, Host, Socket } from "../../host/host.ts";
import { framed, messagesOf } from "./ask.ts";

export type Transport = "udp" | "tcp";

/** The messages to send back, of which UDP has one at most. It never throws. */
export type Respond = (message: Uint8Array, over: Transport) => Promise<readonly Uint8Array[]>;

/** After which a client that says nothing is sent away (RFC 7766, section 6.2.3). */
const idleMs = 10_000;

export interface NameDoor extends AsyncDisposable {
  readonly port: number;
}

/** Free for one, and not for the other: somebody has it. */
const triesForAnyPort = 20;

/** @param port 0: any that is free for both. */
export async function serveNames(host: Host, port: number, respond: Respond): Promise<NameDoor> {
  for (let tries = 1; ; tries++) {
    try {
      return await open(host, port, respond);
    } catch (error) {
      const isTaken = codeOf(error) === "EADDRINUSE";
      if (port !== 0 || !isTaken || tries === triesForAnyPort) throw error;
    }
  }
}

async function open(host: Host, wanted: number, respond: Respond): Promise<NameDoor> {
  await using opening = new AsyncDisposableStack();
  const datagrams = await host.network.bind({ port: wanted }, (bytes, from) => {
    void replyTo(Uint8Array.from(bytes), from);
  });
  const replyTo = async (message: Uint8Array, from: Address): Promise<void> => {
    const [reply] = await respond(message, "udp");
    if (reply !== undefined) datagrams.send(reply, from);
  };
  opening.use(datagrams);
  const port = wanted === 0 ? datagrams.address.port : wanted;
  const sockets = new Set<Socket>();
  opening.defer(() => {
    for (const socket of sockets) socket.destroy();
  });
  opening.use(
    await host.network.listen({ port }, (socket) => {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => sockets.delete(socket));
      socket.setTimeout(idleMs, () => socket.destroy());
      void converse(socket, respond);
    }),
  );
  const opened = opening.move();
  return { port, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** One question after the other, for as long as the client likes. */
async function converse(socket: Socket, respond: Respond): Promise<void> {
  try {
    for await (const message of messagesOf(socket))
      for (const reply of await respond(message, "tcp")) if (!socket.writableEnded) socket.write(framed(reply));
    socket.end();
  } catch {
    // The client has gone.
    socket.destroy();
  }
}
