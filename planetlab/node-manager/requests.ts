/**
 * Requests that have a name: executed once, however often they come, and answered alike each time, also after a restart.
 *
 *     acquire(rspec, {request: "a name"}) ──► executed ──► saved with its answer ──► answered
 *     the same once more                  ──────────────────────────────────────────► answered
 *
 * A client whose call was not answered asks again under the same name, and the network may deliver what it likes as often as it likes.
 */
import { createHash } from "node:crypto";
import type { XmlRpcValue } from "../xml-rpc.ts";
import type { Config } from "./config.ts";
import { ResourceError } from "./resources.ts";
import type { State } from "./state.ts";

type Saved = State["requests"][number];

/** What a call has done, in memory so far; undone if it can't be saved. */
export interface Done {
  readonly value: XmlRpcValue;
  readonly undo: () => void;
  /** The answer goes out now; it is another one if saving took long. */
  readonly answered?: () => XmlRpcValue;
}

export interface Requests {
  /** Executes it, saves, and answers; or answers as before. @throws {ResourceError} if it is refused, and what saving throws. */
  once(request: Request, execute: () => Done): Promise<XmlRpcValue>;
  restore(requests: readonly Saved[]): void;
  saved(): readonly Saved[];
  report(): { readonly remembered: number; readonly replayed: number };
}

export interface Request {
  /** A name that its client gave it; without one it is executed each time. */
  readonly name: string | undefined;
  readonly method: string;
  readonly params: readonly XmlRpcValue[];
}

interface Known {
  readonly call: string;
  reply: string;
  readonly answer: Promise<XmlRpcValue>;
}

/** The oldest is forgotten for one more. */
const mostRemembered = 200;

export function createRequests(
  { guards }: Pick<Config, "guards">,
  { save }: { readonly save: () => Promise<void> },
): Requests {
  /** The oldest first. */
  const known = new Map<string, Known>();
  let replayed = 0;

  const settle = async ({ value, undo, answered = () => value }: Done): Promise<XmlRpcValue> => {
    try {
      if (guards.has("save-before-answer")) await save();
      return answered();
    } catch (error) {
      if (guards.has("undo-unsaved")) undo();
      throw error;
    }
  };
  const remember = (name: string, request: Known): void => {
    known.set(name, request);
    for (const [oldest] of known) {
      if (known.size <= mostRemembered) break;
      known.delete(oldest);
    }
  };
  const execute = (call: string, { name }: Request, run: () => Done): Promise<XmlRpcValue> => {
    const done = run();
    if (name === undefined) return settle(done);
    // It is remembered before it is saved, so that one save has both what it did and how it was answered.
    const request: Known = { call, reply: JSON.stringify(done.value), answer: settle(done).then(amend, forget) };
    async function amend(value: XmlRpcValue): Promise<XmlRpcValue> {
      const reply = JSON.stringify(value);
      if (reply === request.reply) return value;
      request.reply = reply;
      await save();
      return value;
    }
    function forget(error: unknown): never {
      known.delete(name ?? "");
      throw error;
    }
    remember(name, request);
    return request.answer;
  };

  return {
    async once(request, run) {
      const { name = "", method, params } = request;
      const call = fingerprint(method, params);
      let same: Known | undefined;
      if (guards.has("request-once")) same = known.get(name);
      if (same === undefined) return execute(call, request, run);
      if (same.call !== call)
        throw new ResourceError("badRequest", `another call was named ${name}: give each request a name of its own`);
      replayed += 1;
      return same.answer;
    },
    restore(requests) {
      for (const { name, call, reply } of requests)
        remember(name, { call, reply, answer: Promise.resolve(JSON.parse(reply) as XmlRpcValue) });
    },
    saved: () => [...known].map(([name, { call, reply }]) => ({ name, call, reply })),
    report: () => ({ remembered: known.size, replayed }),
  };
}

function fingerprint(method: string, params: readonly XmlRpcValue[]): string {
  return createHash("sha256")
    .update(JSON.stringify([method, params]))
    .digest("hex")
    .slice(0, 32);
}
