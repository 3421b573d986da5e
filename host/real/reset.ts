/** RST at any moment: libuv refuses one while a FIN is on its way to the kernel, and Node then never closes the socket, nor ends the process. */
import type { Socket } from "node:net";

/** Waits for the FIN, which is gone in the next turn, and then resets. */
export function withSafeReset(tcp: Socket): Socket {
  const reset = tcp.resetAndDestroy.bind(tcp);
  tcp.resetAndDestroy = () => {
    const finOnItsWay = tcp.writableEnded && !tcp.writableFinished && tcp.writableLength === 0;
    if (finOnItsWay) tcp.once("finish", reset);
    else reset();
    return tcp;
  };
  return tcp;
}
