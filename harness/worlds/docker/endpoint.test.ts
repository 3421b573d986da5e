import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { WorldError } from "../../errors.ts";
import { findEndpoint } from "./endpoint.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sinbin-test-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const digestOf = (name: string): string => createHash("sha256").update(name).digest("hex");

/** As `docker context create` does. */
function createContext(name: string, host: string, { secure = false } = {}): string {
  const meta = join(folder, "contexts", "meta", digestOf(name));
  mkdirSync(meta, { recursive: true });
  writeFileSync(join(meta, "meta.json"), JSON.stringify({ Name: name, Endpoints: { docker: { Host: host } } }));
  const certificates = join(folder, "contexts", "tls", digestOf(name), "docker");
  if (secure) mkdirSync(certificates, { recursive: true });
  return certificates;
}

function use(context: string): void {
  writeFileSync(join(folder, "config.json"), JSON.stringify({ auths: {}, currentContext: context }));
}

test("DOCKER_HOST is what every client follows by itself, whatever contexts there are", () => {
  createContext("farm", "tcp://10.0.0.1:2375");
  use("farm");
  const environment = { DOCKER_HOST: "tcp://10.0.0.9:2375", DOCKER_CONTEXT: "farm", DOCKER_CONFIG: folder };
  expect(findEndpoint(environment)).toEqual({ name: "DOCKER_HOST=tcp://10.0.0.9:2375", variables: {} });
});

test("DOCKER_CONTEXT goes before the context in use", () => {
  createContext("farm", "tcp://10.0.0.1:2375");
  createContext("other", "tcp://10.0.0.2:2375");
  use("other");
  const farm = { name: "the context farm", variables: { DOCKER_HOST: "tcp://10.0.0.1:2375" } };
  const other = { name: "the context other", variables: { DOCKER_HOST: "tcp://10.0.0.2:2375" } };
  expect(findEndpoint({ DOCKER_CONFIG: folder, DOCKER_CONTEXT: "farm" })).toEqual(farm);
  expect(findEndpoint({ DOCKER_CONFIG: folder })).toEqual(other);
});

test("a context with certificates asks for them", () => {
  const certificates = createContext("farm", "tcp://10.0.0.1:2376", { secure: true });
  expect(findEndpoint({ DOCKER_CONFIG: folder, DOCKER_CONTEXT: "farm" }).variables).toEqual({
    DOCKER_HOST: "tcp://10.0.0.1:2376",
    DOCKER_TLS_VERIFY: "1",
    DOCKER_CERT_PATH: certificates,
  });
});

test.each([
  ["the context that is called default", () => use("default")],
  ["no configuration", () => {}],
  ["a configuration that names none", () => writeFileSync(join(folder, "config.json"), "{}")],
  ["a configuration that can't be read", () => writeFileSync(join(folder, "config.json"), "{")],
])("%s means the machine's own engine", (_what, prepare) => {
  prepare();
  expect(
    findEndpoint({ DOCKER_CONFIG: folder, DOCKER_HOST: "", XDG_RUNTIME_DIR: folder }).variables,
  ).not.toHaveProperty("DOCKER_CERT_PATH");
  expect(findEndpoint({ DOCKER_CONFIG: folder }).name).toBe("this machine");
});

test("a context that nobody has made is an error that says where to look", () => {
  expect(() => findEndpoint({ DOCKER_CONFIG: folder, DOCKER_CONTEXT: "frm" })).toThrow(
    new WorldError('there is no Docker context called frm: see "docker context ls", or set DOCKER_HOST'),
  );
});
