/**
 * The door of the RPC server, at which anybody may knock: by mistake, out of curiosity, or never to leave again.
 *
 *     connected ──► head ──► body ──► call ──► reply ──► gone
 *
 * What a visitor has to do has a deadline, and if all places are taken the one that has been silent longest makes room: so that those who have something
 * to ask are served. A call that is being executed is never cut short.
 */
import type { Clock, Log, Socket } from "../../host/host.ts";
import type { Config } from "./config.ts";

export type Stage = "head" | "body" | "call" | "reply";

export interface Door {
  enter(socket: Socket): void;
  reach(socket: Socket, stage: Stage): void;
  /** One short line about a visitor that did not behave; beyond some a minute they are only counted. */
  complain(socket: Socket, why: string): void;
  report(): { readonly open: number; readonly most: number; readonly turned_away: number; readonly unlogged: number };
}

interface Visitor {
  readonly from: string;
  stage: Stage;
  timer: Disposable | undefined;
  complaint: string | undefined;
}

const linesAMinute = 20;
const minuteMs = 60_000;
const longestReason = 100;

export function createDoor(
  clock: Clock,
  { guards, rpcDeadlineMs, rpcConnections }: Pick<Config, "guards" | "rpcDeadlineMs" | "rpcConnections">,
  log: Log,
): Door {
  /** In the order of their coming. */
  const visitors = new Map<Socket, Visitor>();
  let [most, turnedAway, unlogged] = [0, 0, 0];
  let minute = { began: clock.monotonic(), lines: 0 };

  const tell = (from: string, why: string): void => {
    turnedAway += 1;
    if (clock.monotonic() - minute.began >= minuteMs) minute = { began: clock.monotonic(), lines: 0 };
    minute.lines += 1;
    if (guards.has("rpc-log-cap") && minute.lines > linesAMinute) unlogged += 1;
    else log("rpc.visitor", { from, why: why.slice(0, longestReason) });
  };
  const turnAway = (socket: Socket, why: string): void => {
    const visitor = visitors.get(socket);
    if (visitor !== undefined) visitor.complaint ??= why;
    socket.resetAndDestroy();
  };
  const silent = (): Socket | undefined =>
    [...visitors].find(([, { stage }]) => stage === "head" || stage === "body")?.[0];
  const limit = (socket: Socket, visitor: Visitor): void => {
    visitor.timer?.[Symbol.dispose]();
    visitor.timer = undefined;
    if (visitor.stage === "call") return;
    const why = `its ${visitor.stage} took longer than ${rpcDeadlineMs} ms`;
    if (guards.has("rpc-deadlines")) visitor.timer = clock.timer(rpcDeadlineMs, () => turnAway(socket, why));
  };
  const leave = (socket: Socket): void => {
    const visitor = visitors.get(socket);
    if (visitor === undefined) return;
    visitors.delete(socket);
    visitor.timer?.[Symbol.dispose]();
    const asked = visitor.stage === "call" || visitor.stage === "reply";
    const why = visitor.complaint ?? (asked ? undefined : `it left before the end of its ${visitor.stage}`);
    if (why !== undefined) tell(visitor.from, why);
  };

  return {
    enter(socket) {
      const visitor: Visitor = {
        from: socket.remoteAddress ?? "here",
        stage: "head",
        timer: undefined,
        complaint: undefined,
      };
      visitors.set(socket, visitor);
      socket.on("error", (error: NodeJS.ErrnoException) => (visitor.complaint ??= error.code ?? error.message));
      socket.once("close", () => leave(socket));
      limit(socket, visitor);
      if (guards.has("connection-limit") && visitors.size > rpcConnections)
        turnAway(silent() ?? socket, "it made room for others");
      most = Math.max(most, visitors.size);
    },
    reach(socket, stage) {
      const visitor = visitors.get(socket);
      if (visitor === undefined) return;
      visitor.stage = stage;
      limit(socket, visitor);
    },
    complain(socket, why) {
      const visitor = visitors.get(socket);
      // One who has left has been told of already.
      if (visitor !== undefined) visitor.complaint ??= why;
    },
    report: () => ({ open: visitors.size, most, turned_away: turnedAway, unlogged }),
  };
}
