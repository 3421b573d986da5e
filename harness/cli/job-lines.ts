/** What a command and the processes that carry out its runs say to each other: a line a message, in Node's own serialisation, as between threads. */
import { createInterface } from "node:readline";
import { deserialize, serialize } from "node:v8";
import type { Plan } from "../plan/schema.ts";
import type { RunResult } from "../run/run.ts";
import type { WorldName } from "../worlds/world.ts";
import type { Assignment } from "./assignment.ts";

/** Comes first. */
export interface Orders {
  readonly world: WorldName;
  /** All that will be run. */
  readonly plans: readonly Plan[];
  /** How many runs there are. */
  readonly of: number;
}

/** Then these: the next one when the one before is done. */
export interface Job extends Assignment {
  /** Which of the runs it is, from 1. */
  readonly number: number;
}

export type FromJob =
  | { readonly type: "progress"; readonly text: string }
  | { readonly type: "done"; readonly result: RunResult }
  /** `known`: a message for users; anything else is a bug. */
  | { readonly type: "failed"; readonly message: string; readonly known: boolean };

/** What a library prints is no message. */
const mark = "\u0001sinbin ";

export function writeMessage(stream: NodeJS.WritableStream, message: Orders | Job | FromJob): void {
  stream.write(`${mark}${serialize(message).toString("base64")}\n`);
}

/** Ends with the stream. */
export async function* readMessages<Message>(stream: NodeJS.ReadableStream): AsyncGenerator<Message> {
  for await (const line of createInterface({ input: stream }))
    if (line.startsWith(mark)) yield deserialize(Buffer.from(line.slice(mark.length), "base64")) as Message;
    else process.stderr.write(`${line}\n`);
}
