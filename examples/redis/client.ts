/** Counts in Redis, one INCR at a time (RESP2), and says what was acknowledged and whether any of it was ever lost. */
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Host, Main, Socket } from "../../host/host.ts";

const server = { host: "redis.test", port: 6379 };
const pauseMs = 50;
/** No answer for so long: the connection is given up. */
const patienceMs = 2000;

export const main: Main = async (host, args) => {
  const reconnects = !args.includes("reconnect");
  let acknowledged = 0;
  host.log("ready");
  for (;;) {
    try {
      const socket = await host.network.connect(server);
      try {
        for await (const count of counts(host, socket)) {
          if (count <= acknowledged) host.log("lost", { acknowledged, count });
          acknowledged = count;
          host.log("acknowledged", { count });
        }
      } finally {
        socket.destroy();
      }
    } catch (error) {
      host.log("trouble", { why: error instanceof Error && "code" in error ? error.code : String(error) });
    }
    if (!reconnects) await host.clock.sleep(Infinity);
    await host.clock.sleep(pauseMs);
  }
};

async function* counts(host: Host, socket: Socket): AsyncGenerator<number> {
  // What breaks the connection ends its lines, too.
  socket.on("error", () => {});
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  for (;;) {
    socket.write("INCR counter\r\n");
    using patience = host.clock.timer(patienceMs, () => socket.destroy(new Error("no answer")));
    void patience;
    const { value, done } = await lines.next();
    if (done === true) {
      if (!socket.closed) await once(socket, "close");
      throw socket.errored ?? new Error("the connection has ended");
    }
    // While it reads its data in, it says -LOADING.
    if (!value.startsWith(":")) throw new Error(value);
    yield Number(value.slice(1));
    await host.clock.sleep(pauseMs);
  }
}
