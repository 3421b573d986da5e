import { describe, expect, test } from "vitest";
import { stageOf } from "./stage.ts";

describe("a task", () => {
  test.each([
    ["preparing", "", { type: "under way" }],
    ["running", "", { type: "under way" }],
    ["complete", "", { type: "ended", well: true, how: "it ended with code 0" }],
    ["failed", "task: non-zero exit (137)", { type: "ended", well: false, how: "task: non-zero exit (137)" }],
    ["rejected", "No such image: sinbin-tool:1", { type: "without image" }],
    ["rejected", "no space left on device", { type: "lost", reason: "no space left on device" }],
    ["shutdown", "", { type: "lost", reason: "its task was shut down" }],
    ["orphaned", "", { type: "lost", reason: "its task was given up by the swarm" }],
  ])("that is %s (%s)", (state, error, stage) => {
    expect(stageOf({ service: "s", state, error, exitCode: 0 })).toEqual(stage);
  });
});
