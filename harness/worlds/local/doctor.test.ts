import { expect, test } from "vitest";
import { examine } from "./doctor.ts";
import { localCapabilities } from "./layout.ts";
import { tools } from "./isolate.ts";

test("the doctor has an answer for each capability of this world, and a way out for each that is missing", async () => {
  const findings = await examine();
  expect(findings.map(({ capability }) => capability)).toEqual([...localCapabilities]);
  for (const { works, reason, install } of findings)
    expect([reason, install].every((text) => text === undefined)).toBe(works);
});

test("without its tools on the path, isolation is missing, and the doctor names their packages", async () => {
  const path = process.env["PATH"];
  process.env["PATH"] = "/nowhere";
  try {
    const isolation = (await examine()).find(({ capability }) => capability === "isolation");
    expect(isolation?.works).toBe(false);
    expect(isolation?.reason).toContain("unshare");
    expect(isolation?.install).toContain(tools.unshare);
  } finally {
    process.env["PATH"] = path;
  }
});
