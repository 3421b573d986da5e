/**
 * How a service is told of the faults that its subject declares, the same in all worlds: by HTTP, at the port that the subject file names; and it tells of their hits by
 * lines of its output.
 *
 *     harness ──POST /faults {"inject": {"id", "fault", "parameters", "seed"}}──► service     2xx: it is so
 *             ──POST /faults {"lift": "id"}─────────────────────────────────────►
 *             ◄──{"event": "fault.hit", "fault": "id", …}─────────────────────── its output
 */
import type { DeclaredTarget, OnHit, Order } from "../../faults/declared/contract.ts";
import { createDeadline } from "../../host/deadline.ts";
import { request } from "../../host/http.ts";
import type { Address, Host } from "../../host/host.ts";
import { WorldError } from "../errors.ts";
import type { Subject } from "../plan/schema.ts";
import type { Fields } from "./service.ts";

const hitEvent = "fault.hit";
/** What is told when nothing else bounds it: longer than any machine that is only busy takes. */
const patienceMs = 10_000;
const longestReply = 1000;

export interface DeclaredOptions {
  readonly service: string;
  readonly host: Host;
  readonly control: NonNullable<Subject["control"]>;
  readonly address: (port: number) => Address;
  /** Whether a life of it has got ready and goes on. */
  readonly isReady: () => boolean;
  /** That of the run. */
  readonly signal: AbortSignal;
}

export interface Declared {
  readonly target: DeclaredTarget;
  /** True if the line was about a hit; then the history needs no more of it. */
  hear(fields: Fields): boolean;
  /** A life of it has got ready: it is told of all that lasts. @throws {WorldError} */
  ready(): Promise<void>;
}

export function createDeclared({ service, host, control, address, isReady, signal }: DeclaredOptions): Declared {
  /** Kept after the lift as well: a line may be on its way. */
  const hearers = new Map<string, OnHit>();
  const lasting = new Map<string, Order>();

  const tell = async (message: object, fault: string, until: AbortSignal): Promise<void> => {
    const options = {
      address: address(control.port),
      path: control.path,
      method: "POST",
      headers: { host: service, "content-type": "application/json", connection: "close" },
      body: JSON.stringify(message),
    };
    try {
      const { status, body } = await request(host, options, { signal: until });
      const text = await beginningOf(body);
      if (status < 200 || status > 299) throw new Error(`status ${status}${text === "" ? "" : `: ${text}`}`);
    } catch (cause) {
      // It has ended meanwhile, and is told when it is back; or the occurrence has.
      if (!isReady()) return;
      if (signal.aborted) throw signal.reason;
      if (until.aborted) throw until.reason;
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new WorldError(`${service} could not be told of ${fault} at port ${control.port}: ${why}`, { cause });
    }
  };
  const patiently = async (message: object, fault: string): Promise<void> => {
    using deadline = createDeadline(host.clock, patienceMs, { signal });
    await tell(message, fault, deadline.signal).catch((error: unknown) => {
      if (signal.aborted || error !== deadline.signal.reason) throw error;
      throw new WorldError(`${service} did not answer within ${patienceMs} ms when it was told of ${fault}`);
    });
  };

  return {
    target: {
      async inject(order, onHit, until) {
        hearers.set(order.id, onHit);
        lasting.set(order.id, order);
        const lift = async (): Promise<void> => {
          lasting.delete(order.id);
          if (isReady()) await patiently({ lift: order.id }, order.fault);
        };
        try {
          if (isReady()) await tell({ inject: order }, order.fault, until);
        } catch (error) {
          await lift();
          throw error;
        }
        return { [Symbol.asyncDispose]: lift };
      },
      async pulse(order, onHit, until) {
        if (!isReady()) return;
        hearers.set(order.id, onHit);
        await tell({ inject: order }, order.fault, until);
      },
    },
    hear({ event, fault, ...detail }) {
      const onHit = event === hitEvent && typeof fault === "string" ? hearers.get(fault) : undefined;
      onHit?.(detail);
      return onHit !== undefined;
    },
    async ready() {
      for (const order of lasting.values()) await patiently({ inject: order }, order.fault);
    },
  };
}

/** It must be read to its end, or the connection stays. */
async function beginningOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of body) if (text.length < longestReply) text += decoder.decode(chunk, { stream: true });
  return text.slice(0, longestReply);
}
