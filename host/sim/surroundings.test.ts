/** What a simulated program finds in the process that it shares with others. */
import { expect, test } from "vitest";
import { runAs } from "./context.ts";
import { forbid } from "./forbidden.ts";

test("a simulated process has its own environment and output, and everybody else those that there are", () => {
  const written: string[] = [];
  const party = {
    name: "node",
    crash() {},
    env: { COLOUR: "red" },
    write: (stream: string, text: string) => void written.push(`${stream}: ${text}`),
  };
  const { env } = process;
  const write = Reflect.get(process.stdout, "write") as unknown;
  {
    using held = forbid();
    void held;
    runAs(party, () => {
      expect(process.env).toEqual({ COLOUR: "red" });
      process.stdout.write("one\n");
      process.stderr.write(Buffer.from("two\n"));
    });
    expect(process.env["PATH"]).toBe(env["PATH"]);
  }
  expect(written).toEqual(["out: one\n", "err: two\n"]);
  expect(process.env).toBe(env);
  expect(Reflect.get(process.stdout, "write")).toBe(write);
});
