/** The promises of the house that no compiler holds: which way imports point, and where each dependency may be named. */
import { existsSync, readFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const sources = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "*.ts"], {
  cwd: root,
  encoding: "utf8",
})
  .split("\n")
  .filter((file) => file !== "" && existsSync(join(root, file)));

/** Folder → what it may import of ours, besides itself. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  host: [],
  faults: [],
  proxies: ["faults", "host"],
  planetlab: ["host"],
  servers: ["proxies", "faults", "host"],
  harness: ["servers", "proxies", "faults", "host"],
  examples: ["host"],
  suites: ["harness", "servers", "proxies", "faults", "host"],
  bench: ["harness", "servers", "proxies", "faults", "host", "planetlab"],
};

/** Package → the only files that may import it. Tests may import what they judge with. */
const importedIn: Readonly<Record<string, readonly string[]>> = {
  commander: ["harness/cli/program.ts"],
  yaml: ["harness/plan/yaml.ts"],
  "@marcbachmann/cel-js": ["harness/expression/cel.ts"],
  "fast-xml-parser": ["planetlab/xml.ts", "faults/http/xml.ts"],
  "http-proxy": ["proxies/http/forward.ts"],
  "dns-packet": ["host/question.ts", "proxies/dns/wire/rdata.ts"],
  "@peculiar/x509": ["host/real/certificates.ts"],
  dockerode: ["engine", "engine-container", "engine-images", "engine-objects", "engine-swarm", "engine-watch"].map(
    (name) => `harness/worlds/docker/${name}.ts`,
  ),
  testcontainers: ["harness/worlds/docker/engine-images.ts"],
  "tar-fs": ["harness/worlds/docker/archive.ts"],
  "tar-stream": ["harness/worlds/docker/archive.ts"],
  "@balena/dockerignore": ["harness/worlds/docker/context.ts"],
};

/** A schema language is spoken wherever a shape crosses a boundary. */
const importedAnywhere = new Set(["zod"]);

const importPattern = /^(?:import|export)\b[^"';]*?\bfrom "([^"]+)"|^import "([^"]+)"|\bimport\("([^"]+)"\)/gm;

function importsOf(file: string): readonly string[] {
  const text = readFileSync(join(root, file), "utf8");
  return [...text.matchAll(importPattern)].map((match) => match.slice(1).find((name) => name !== undefined) ?? "");
}

const isTest = (file: string): boolean => /\.(?:test|testing)\.ts$/.test(file) || file.includes("/fixtures/");

describe("imports", () => {
  test("point one way between the folders", () => {
    const wrong = sources.flatMap((file) => {
      const [folder = ""] = file.split("/");
      return importsOf(file)
        .filter((name) => name.startsWith(".") && !name.endsWith("/package.json"))
        .map((name) => relative(root, join(root, dirname(file), name)).split("/")[0] ?? "")
        .filter(
          (target) =>
            file.includes("/") && target !== folder && !(mayImport[folder] ?? []).includes(target) && !isTest(file),
        )
        .map((target) => `${file} imports ${target}/`);
    });
    expect(wrong).toEqual([]);
  });

  test("name each dependency in one place", () => {
    const wrong = sources
      .filter((file) => !isTest(file) && file !== "vitest.config.ts")
      .flatMap((file) =>
        importsOf(file)
          .filter((name) => !name.startsWith(".") && !name.startsWith("node:") && !importedAnywhere.has(name))
          .filter((name) => !(importedIn[name] ?? []).includes(file))
          .map((name) => `${file} imports ${name}`),
      );
    expect(wrong).toEqual([]);
  });

  test("leave no dependency unused", () => {
    const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
      dependencies: Record<string, string>;
    };
    const used = new Set(sources.filter((file) => !isTest(file)).flatMap(importsOf));
    expect(Object.keys(dependencies).filter((name) => !used.has(name))).toEqual([]);
  });
});

test("no test is skipped, focused or retried", () => {
  const wrong = sources.filter(
    (file) =>
      file.endsWith(".test.ts") &&
      file !== "suites/tidy.test.ts" &&
      /\b(?:test|it|describe)\.(?:skip|only|todo)\(|retry:/.test(readFileSync(join(root, file), "utf8")),
  );
  expect(wrong).toEqual([]);
});
