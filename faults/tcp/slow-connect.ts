import { z } from "zod";
import { duration } from "../units.ts";
import { tcpFault } from "./contract.ts";

export const slowConnect = tcpFault({
  plane: "tcp",
  kind: "tcp.slow-connect",
  about:
    "The server is reached so much later, as one that is slow to accept, or far away: the client's own kernel says at once that it is connected, and what it says then waits for the server. It acts on new connections only. For a connect that waits itself there is tcp.unanswered.",
  source: "listen(2), backlog; accept(2)",
  example: "{ delay: 800ms }",
  pulse: false,
  direction: "upstream",
  only: "upstream",
  parameters: z.strictObject({
    delay: duration.meta({ description: "how much later the server is dialled", strengths: ["1ms", "30s"] }),
  }),
  start: () => ({}),
  map: (item, _state, { delay }) => (item.type === "open" && delay > 0 ? { ...item, due: item.due + delay } : item),
});
