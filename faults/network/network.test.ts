/** Against a cable that writes down what is done to it, and loses some packets. */
import { expect, test } from "vitest";
import { createScene } from "../service.testing.ts";
import type { NetworkTarget } from "./contract.ts";
import { cut } from "./cut.ts";

const scene = (lost: number) =>
  createScene<"network", NetworkTarget>({
    target: (note) => ({
      async cut(direction, onLost) {
        note(`cut ${direction}`);
        if (lost > 0) onLost(lost);
        return { [Symbol.asyncDispose]: async () => note("mended") };
      },
    }),
  });

test("a cut lasts until it is lifted, and its hit is what it lost first", async () => {
  const { inject, log } = scene(3);
  const lift = await inject(cut, { direction: "in" });
  await lift?.[Symbol.asyncDispose]();
  expect(log).toEqual(["cut in", 'hit {"packets":3}', "mended"]);
});

test("a cut goes both ways unless it is told otherwise, and is no hit where nothing was lost", async () => {
  const { inject, log } = scene(0);
  const lift = await inject(cut);
  await lift?.[Symbol.asyncDispose]();
  expect(log).toEqual(["cut both", "mended"]);
});
