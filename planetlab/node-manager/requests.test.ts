import { describe, expect, test } from "vitest";
import type { XmlRpcValue } from "../xml-rpc.ts";
import { createGuards, type Guard } from "./guards.ts";
import { createRequests, type Requests } from "./requests.ts";
import { ResourceError } from "./resources.ts";

/** Each call counts, so that one that is executed twice is seen; saves take until the test ends them. */
function rig(...without: readonly Guard[]) {
  const saves: PromiseWithResolvers<void>[] = [];
  let count = 0;
  const requests = createRequests(
    { guards: createGuards(without) },
    {
      save() {
        const saving = Promise.withResolvers<void>();
        saves.push(saving);
        return saving.promise;
      },
    },
  );
  return {
    requests,
    count: () => count,
    ask: (name: string | undefined, params: readonly XmlRpcValue[] = [], answered?: () => XmlRpcValue) =>
      requests.once({ name, method: "count", params }, () => {
        count += 1;
        return { value: count, undo: () => (count -= 1), ...(answered && { answered }) };
      }),
    save: () => saves.splice(0).forEach(({ resolve }) => resolve()),
    failToSave: () => saves.splice(0).forEach(({ reject }) => reject(new Error("no room"))),
  };
}

/** As after a restart: what was saved is read again. */
function restored(requests: Requests): ReturnType<typeof rig> {
  const next = rig();
  next.requests.restore(JSON.parse(JSON.stringify(requests.saved())) as ReturnType<Requests["saved"]>);
  return next;
}

const refuse = (): never => {
  throw new ResourceError("noResources", "nothing is free");
};

describe("a request", () => {
  test("with a name is executed once, also while it is being executed and after a restart; without one each time", async () => {
    const { requests, ask, save } = rig();
    const together = [ask("mine"), ask("mine"), ask("yours"), ask(undefined), ask(undefined)];
    save();
    expect(await Promise.all(together)).toEqual([1, 1, 2, 3, 4]);
    expect(await ask("mine")).toBe(1);
    const after = restored(requests);
    expect(await after.ask("mine")).toBe(1);
    expect(after.count()).toBe(0);
    expect(after.requests.report()).toEqual({ remembered: 2, replayed: 1 });
  });

  test("without request-once is executed whenever it comes", async () => {
    const { ask, save } = rig("request-once");
    const together = [ask("mine"), ask("mine")];
    save();
    expect(await Promise.all(together)).toEqual([1, 2]);
  });

  test("that is another one by the same name is refused", async () => {
    const { ask, save } = rig();
    const first = ask("mine", [1]);
    save();
    await first;
    await expect(ask("mine", [2])).rejects.toThrow(ResourceError);
    await expect(ask("mine", [2])).rejects.toThrow("give each request a name of its own");
  });

  test("that can't be saved is undone, for all who wait for it, and may be made again", async () => {
    const { ask, save, failToSave, count, requests } = rig();
    const failed = Promise.allSettled([ask("mine"), ask("mine")]);
    failToSave();
    expect(await failed).toMatchObject([{ status: "rejected" }, { status: "rejected" }]);
    expect([count(), requests.saved()]).toEqual([0, []]);
    const again = ask("mine");
    save();
    expect(await again).toBe(1);
  });

  test("that is refused leaves nothing, and is judged anew", async () => {
    const { requests, ask } = rig();
    const refused = { name: "mine", method: "count", params: [] };
    await expect(requests.once(refused, refuse)).rejects.toThrow("nothing is free");
    expect(requests.saved()).toEqual([]);
    void ask("mine");
    expect(requests.saved()).toMatchObject([{ name: "mine", reply: "1" }]);
  });

  test("whose answer changes while it is saved is remembered with the answer that went out", async () => {
    const { requests, ask, save } = rig();
    const slow = ask("mine", [], () => "extended");
    save();
    while (requests.saved()[0]?.reply !== '"extended"') await Promise.resolve();
    save();
    expect(await slow).toBe("extended");
    expect(await restored(requests).ask("mine")).toBe("extended");
  });

  test("is forgotten when two hundred others have come since", async () => {
    const { requests, ask, save, count } = rig();
    const all = Array.from({ length: 201 }, (_, n) => ask(String(n)));
    save();
    await Promise.all(all);
    expect(requests.report().remembered).toBe(200);
    expect([await ask("200"), count()]).toEqual([201, 201]);
    void ask("0");
    expect(count()).toBe(202);
  });
});
