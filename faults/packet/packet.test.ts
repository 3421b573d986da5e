/** Every fault of the plane against a cable that writes down what is done to it, and meets two packets. */
import { expect, test } from "vitest";
import { createScene } from "../service.testing.ts";
import type { PacketTarget } from "./contract.ts";
import { corrupt } from "./corrupt.ts";
import { duplicate } from "./duplicate.ts";
import { loss } from "./loss.ts";

test.each([loss, duplicate, corrupt])(
  "$kind lasts until it is lifted, and its hit is whom it met first",
  async (fault) => {
    const { inject, log } = createScene<"packet", PacketTarget>({
      target: (note) => ({
        async disturb(what, { probability, direction }, onFirst) {
          note(`${what} of ${probability} ${direction}`);
          onFirst(2);
          return { [Symbol.asyncDispose]: async () => note("end") };
        },
      }),
    });
    const lift = await inject(fault, { probability: "25%" });
    await lift?.[Symbol.asyncDispose]();
    expect(log).toEqual([`${fault.kind.replace("packet.", "")} of 0.25 both`, 'hit {"packets":2}', "end"]);
  },
);
