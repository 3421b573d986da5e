/**
 * How long a client of the API is waited for, and how many there may be: whoever is slow, silent or too many costs no one else anything.
 *
 *     connected ──15 s──► head of a request ──45 s──► reply is sent and taken ──60 s──► head of the next one ──► …
 */
import type { ServerResponse } from "node:http";
import type { Clock, Socket } from "../../host/host.ts";

const longestHeadMs = 15_000;
/** A body of 15 s, and a reply that the client takes within 30 s, as with Toxiproxy. */
const longestExchangeMs = 45_000;
const longestIdleMs = 60_000;
const maximumConnections = 256;

export interface Patience {
  connected(socket: Socket): void;
  /** The head of a request is there. */
  asked(socket: Socket, response: ServerResponse): void;
  /** This exchange is a stream, which lasts as long as its client listens. */
  streaming(socket: Socket): void;
}

interface Client {
  deadline: Disposable;
  exchanges: number;
}

export function createPatience(clock: Clock): Patience {
  const clients = new Map<Socket, Client>();
  /** Those that have nothing to ask at present, the longest silent one first. */
  const silent = new Set<Socket>();

  function within(milliseconds: number, socket: Socket): Disposable {
    return clock.timer(milliseconds, () => socket.destroy());
  }

  function allow(milliseconds: number, socket: Socket, client: Client): void {
    client.deadline[Symbol.dispose]();
    client.deadline = within(milliseconds, socket);
  }

  return {
    connected(socket) {
      if (clients.size >= maximumConnections) {
        const [oldest = socket] = silent;
        oldest.destroy();
        if (oldest === socket) return;
      }
      const client = { deadline: within(longestHeadMs, socket), exchanges: 0 };
      clients.set(socket, client);
      silent.add(socket);
      socket.once("close", () => {
        client.deadline[Symbol.dispose]();
        clients.delete(socket);
        silent.delete(socket);
      });
    },

    asked(socket, response) {
      const client = clients.get(socket);
      if (client === undefined) return;
      client.exchanges += 1;
      silent.delete(socket);
      allow(longestExchangeMs, socket, client);
      response.once("close", () => {
        client.exchanges -= 1;
        if (client.exchanges > 0 || !clients.has(socket)) return;
        silent.add(socket);
        allow(longestIdleMs, socket, client);
      });
    },

    streaming(socket) {
      clients.get(socket)?.deadline[Symbol.dispose]();
    },
  };
}
