/** Every fault of the plane against a target that writes down what is done to it, and refuses twice. */
import { expect, test } from "vitest";
import { createScene } from "../service.testing.ts";
import type { LimitsTarget } from "./contract.ts";
import { memory } from "./memory.ts";
import { openFiles } from "./open-files.ts";
import { processes } from "./processes.ts";

test.each([
  { fault: openFiles, what: "open-files" },
  { fault: processes, what: "processes" },
])("$fault.kind limits until it is lifted, and each refusal is a hit", async ({ fault, what }) => {
  const { inject, log } = createScene<"limits", LimitsTarget>({
    target: (note) => ({
      async limit(limited, to, onRefused) {
        note(`${limited} to ${to}`);
        onRefused();
        onRefused();
        return { [Symbol.asyncDispose]: async () => note("end") };
      },
    }),
  });
  const lift = await inject(fault, { to: 7 });
  await lift?.[Symbol.asyncDispose]();
  const hit = `hit {"limit":"${what}","to":7}`;
  expect(log).toEqual([`${what} to 7`, hit, hit, "end"]);
});

test("limits.memory limits until it is lifted, and each kill is a hit", async () => {
  const { inject, log } = createScene<"limits", LimitsTarget>({
    target: (note) => ({
      limit: async () => undefined,
      async memory(to, onKilled) {
        note(`memory to ${to}`);
        onKilled();
        return { [Symbol.asyncDispose]: async () => note("end") };
      },
    }),
  });
  const lift = await inject(memory, { to: "64MiB" });
  await lift?.[Symbol.asyncDispose]();
  expect(log).toEqual(["memory to 67108864", 'hit {"limit":"memory","to":67108864}', "end"]);
  expect(memory.parameters.safeParse({ to: "1MiB" }).error?.issues[0]?.message).toMatch(/^write 6MiB or more/);
});
