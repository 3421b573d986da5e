/** Virtual time goes on, or says why it can't. */
import { expect, test } from "vitest";
import { runAs } from "./context.ts";
import { createVirtualTime, StandstillError } from "./time.ts";

const never = (): Promise<never> => new Promise(() => {});

test("callbacks of one moment come in the order in which they were asked for, those of earlier moments before them", async () => {
  const time = createVirtualTime();
  const log: string[] = [];
  await time.pass(
    () =>
      new Promise<void>((resolve) => {
        time.at(2, () => log.push("2"));
        time.at(1, () => log.push("1, first"));
        time.at(1, () => log.push("1, second"));
        time.at(1, () => log.push("called off"))[Symbol.dispose]();
        time.at(3, resolve);
      }),
  );
  expect(log).toEqual(["1, first", "1, second", "2"]);
});

test("work that waits for nothing ends with an error", async () => {
  await expect(createVirtualTime().pass(never)).rejects.toThrow(StandstillError);
});

test("who keeps asking for the present moment is named, and ends it all", async () => {
  const time = createVirtualTime();
  const ask = (name: string, moment: number, callback: () => void): void => {
    const party = { name, crash: (error: unknown) => time.fail(error) };
    runAs(party, () => time.at(moment, () => runAs(party, callback)));
  };
  const again = (): void => ask("node", time.now(), again);
  const passing = time.pass(() => {
    ask("node", 1500, again);
    // A neighbour who waits as it should is not to blame.
    ask("plc", 1500, () => {});
    return never();
  });
  await expect(passing).rejects.toThrow(StandstillError);
  await expect(passing).rejects.toThrow("time stands still 1.500 s into the run: node went on for 1000000 callbacks");
});
