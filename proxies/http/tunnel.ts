/** Two sockets that say to one another what they like: bytes, FIN and RST pass as they come. */
import type { Socket } from "../../host/host.ts";

/** `toServer` and `toClient` have come already. Nobody else may be reading from either. */
export function tunnel(client: Socket, server: Socket, toServer: Uint8Array, toClient: Uint8Array): void {
  server.write(toServer);
  client.write(toClient);
  pump(client, server);
  pump(server, client);
}

function pump(from: Socket, into: Socket): void {
  from.on("data", (bytes: Uint8Array) => {
    if (!into.write(bytes)) from.pause();
  });
  into.on("drain", () => void from.resume());
  from.on("end", () => into.end());
  from.on("error", () => into.resetAndDestroy());
  if (from.readableEnded) into.end();
  from.resume();
}
