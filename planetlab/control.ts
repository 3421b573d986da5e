/**
 * The faults that a program declares in its `subject.yaml`: the harness tells it of them here, and it tells of their hits in its log (docs/plans.md, "Faults of a
 * subject's own").
 *
 *     POST /faults {"inject": {"id", "fault", "parameters", "seed"}}  ──►  begin(fault) ──► what lifts it
 *     POST /faults {"lift": "id"}                                     ──►  lifts it
 */
import { z } from "zod";
import type { Host, Listener } from "../host/host.ts";
import { serveHttp } from "../host/http.ts";
import { limitConnections } from "./limits.ts";
import { wordIssues } from "./misshapen.ts";
import { readBody } from "./body.ts";

const order = z.object({
  id: z.string().max(500),
  fault: z.string().max(200),
  parameters: z.record(z.string(), z.unknown()).default({}),
  seed: z.number().default(0),
});
const message = z.union(
  [z.object({ inject: order }), z.object({ lift: z.string() })],
  "write { inject: { id, fault, parameters } } or { lift: ID }",
);

const limits = { connections: 64, lifetimeMs: 60_000 };
const longestMessage = 64 * 1024;
const mostFaults = 1000;

export interface Injected {
  readonly fault: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly seed: number;
  /** It has done something, once more. */
  readonly hit: (detail?: Readonly<Record<string, unknown>>) => void;
}

export interface ControlOptions {
  readonly port: number;
  /** Where the port is open: by default to this machine alone. */
  readonly address?: string;
  readonly path?: string;
  /** Returns what lifts it, if it lasts. @throws {ControlError} if there is no such fault, or not with such parameters. */
  readonly begin: (injected: Injected) => Disposable | undefined;
}

/** It can't be injected; the message says why. */
export class ControlError extends Error {
  override readonly name = "ControlError";
}

export async function serveControl(host: Host, options: ControlOptions): Promise<Listener> {
  const { port, address = "127.0.0.1", path = "/faults", begin } = options;
  const lasting = new Map<string, Disposable>();
  const obey = (told: z.output<typeof message>): void => {
    if ("lift" in told) {
      lasting.get(told.lift)?.[Symbol.dispose]();
      lasting.delete(told.lift);
      return;
    }
    const { id, ...rest } = told.inject;
    if (lasting.has(id)) return;
    if (lasting.size >= mostFaults) throw new ControlError(`there are ${mostFaults} faults already`);
    const lift = begin({ ...rest, hit: (detail = {}) => host.log("fault.hit", { ...detail, fault: id }) });
    if (lift !== undefined) lasting.set(id, lift);
  };
  return serveHttp(limitConnections(host, limits), { host: address, port }, async (request, response) => {
    response.on("error", () => undefined);
    response.setHeader("connection", "close");
    const answer = (status: number, text: string): void => void response.writeHead(status).end(text);
    if (request.method !== "POST" || request.url !== path) return answer(404, `POST ${path} is all that is here`);
    try {
      obey(message.parse(JSON.parse(await readBody(request, longestMessage))));
      return answer(204, "");
    } catch (error) {
      if (error instanceof z.ZodError) return answer(400, wordIssues(error));
      if (error instanceof ControlError || error instanceof SyntaxError) return answer(400, error.message);
      throw error;
    }
  });
}
