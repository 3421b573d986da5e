import { spawnSync } from "node:child_process";
import { EventEmitter } from "node:events";
import { PassThrough } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { runAs, type Party } from "./context.ts";
import { forbid } from "./forbidden.ts";

interface Crash {
  readonly name: string;
  readonly error: unknown;
}

/** Two that run at the same time. */
function createParties(): { readonly parties: readonly [Party, Party]; readonly crashes: readonly Crash[] } {
  const crashes: Crash[] = [];
  const create = (name: string): Party => ({ name, crash: (error) => void crashes.push({ name, error }) });
  return { parties: [create("node"), create("plc")], crashes };
}

const ways: Readonly<Record<string, (error: Error) => void>> = {
  "an error that is thrown in a tick": (error) =>
    process.nextTick(() => {
      throw error;
    }),
  "an error that is thrown in a microtask": (error) =>
    queueMicrotask(() => {
      throw error;
    }),
  "a rejection that nobody handles": (error) => void reject(error),
  "a rejection some microtasks later": (error) => void rejectLater(error),
  "an error of a stream that nobody hears": (error) => void new PassThrough().destroy(error),
  "an error event without a listener": (error) => process.nextTick(() => new EventEmitter().emit("error", error)),
};

test.each(Object.entries(ways))("%s crashes the process that it came from, and no other", async (_name, fail) => {
  const { parties, crashes } = createParties();
  using _ = forbid();
  const [node, plc] = parties;
  const errors = [new Error("node's"), new Error("plc's"), new Error("node's again")] as const;
  runAs(node, () => fail(errors[0]));
  runAs(plc, () => fail(errors[1]));
  runAs(node, () => fail(errors[2]));
  await turn();
  await turn();
  expect(crashes).toHaveLength(3);
  expect(crashes).toEqual(
    expect.arrayContaining([
      { name: "node", error: errors[0] },
      { name: "plc", error: errors[1] },
      { name: "node", error: errors[2] },
    ]),
  );
});

test("what is not even an error crashes the process as it is", async () => {
  const { parties, crashes } = createParties();
  using _ = forbid();
  runAs(parties[1], () => void Promise.reject("plc"));
  await turn();
  expect(crashes).toEqual([{ name: "plc", error: "plc" }]);
});

test("listeners of before are put aside, and back in their order", async () => {
  const before = {
    uncaught: process.rawListeners("uncaughtException"),
    rejected: process.rawListeners("unhandledRejection"),
  };
  {
    using outer = forbid();
    using inner = forbid();
    expect(inner).not.toBe(outer);
  }
  expect(process.rawListeners("uncaughtException")).toEqual(before.uncaught);
  expect(process.rawListeners("unhandledRejection")).toEqual(before.rejected);
  expect(process.hasUncaughtExceptionCaptureCallback()).toBe(false);
});

async function reject(error: Error): Promise<void> {
  throw error;
}

async function rejectLater(error: Error): Promise<void> {
  await new Promise<void>((resolve) => queueMicrotask(resolve));
  throw error;
}

interface Outcome {
  readonly status: number | null;
  readonly output: string;
  readonly errors: string;
}

/** In a process of its own, since errors outside of a simulation are the end of it. */
function run(body: string): Outcome {
  const program = `
    import { forbid } from ${JSON.stringify(import.meta.resolve("./forbidden.ts"))};
    ${body}
  `;
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", program], {
    encoding: "utf8",
  });
  return { status, output: stdout, errors: stderr };
}

test.each([
  { way: "an error", code: "process.nextTick(() => { throw new Error('own fault') });" },
  { way: "a rejection", code: "Promise.reject(new Error('own fault'));" },
])("$way outside of a simulated process ends the real one, as it does everywhere", ({ code }) => {
  const { status, errors } = run(`forbid(); setTimeout(() => {}, 60_000); ${code}`);
  expect(status).toBe(1);
  expect(errors).toContain("Error: own fault");
});

test("errors outside of a simulated process reach the listeners of before", () => {
  const { status, output } = run(`
    process.on("uncaughtException", (error) => console.log("uncaught", error.message));
    process.on("unhandledRejection", (error) => console.log("rejected", error.message));
    forbid();
    process.nextTick(() => { throw new Error("one") });
    Promise.reject(new Error("two"));
  `);
  expect({ status, output }).toEqual({ status: 0, output: "uncaught one\nrejected two\n" });
});
