/**
 * A server that says what it hears (RFC 862), over TCP.
 *
 *     --listen 7               the port
 */
import { aborted } from "../../host/aborted.ts";
import { readFlags } from "../../host/arguments.ts";
import { untilStopped } from "../../host/until-stopped.ts";

export const main = untilStopped(
  (args) => readFlags(args, ["listen"]).integer("listen", 7, 0, 65_535),
  async (host, port, signal) => {
    await using listener = await host.network.listen({ port, halfOpen: true }, (socket) => {
      socket.on("error", () => socket.destroy()).pipe(socket);
    });
    void listener;
    host.log("ready");
    await aborted(signal);
  },
);
