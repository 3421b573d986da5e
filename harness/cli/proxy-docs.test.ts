/** docs/proxy-api.md says what is so: its examples can be pasted, and no route is missing. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { startTestApi, type TestApi } from "../../proxies/api/api.testing.ts";
import { all, listenOf } from "../../proxies/api/extended.testing.ts";
import { protos } from "../../proxies/api/running.ts";
import { routePaths } from "../../proxies/api/routes.ts";
import { hangGuardMs } from "./command.testing.ts";
import { readConfig } from "./daemon-config.ts";

const page = readFileSync(new URL("../../docs/proxy-api.md", import.meta.url), "utf8");

function blocks(language: string): readonly string[] {
  return [...page.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, "gms"))].map(([, text = ""]) => text);
}

test("the config is one", () => {
  const found = blocks("yaml");
  expect(found.map((text) => readConfig("proxy-api.md", text).length)).toEqual([6]);
});

/** Each as it stands, but for the ports: those of a test are free ones. */
async function paste(command: string, api: TestApi, listens: ReadonlyMap<string, string>): Promise<string> {
  const words = command
    .replaceAll(/(localhost|127\.0\.0\.1):8474/g, `$1:${api.port}`)
    .replaceAll(/"127\.0\.0\.1:1\d{4}"/g, '"127.0.0.1:0"')
    .replaceAll(/localhost:(1\d{4})/g, (_all, port: string) => listens.get(port) ?? `no proxy listens on ${port}`)
    .replace(/^curl/, `curl -sS --max-time ${hangGuardMs / 1000} --noproxy '*'`);
  const child = spawn("sh", ["-c", words]);
  const [said, complaint, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  expect({ command, code, complaint, said }).toEqual({
    command,
    code: 0,
    complaint: "",
    said: expect.not.stringContaining('"error":'),
  });
  return said;
}

test("every command can be pasted, and does what is said", { timeout: 2 * hangGuardMs }, async () => {
  await using api = await startTestApi({ metrics: true });
  const [block = ""] = blocks("sh");
  const commands = block.split(/^(?=curl )|^#.*\n/m).filter((command) => command.trim() !== "");
  expect(commands.length).toBeGreaterThan(20);
  const listens = new Map<string, string>();
  const said = new Map<string, string>();
  for (const command of commands) {
    said.set(command.trim(), await paste(command, api, listens));
    const [, port] = /"listen": "127\.0\.0\.1:(\d+)"/.exec(command) ?? [];
    const [, name] = /"name": "(\w+)"/.exec(command) ?? /sinbin\/proxies\/(\w+)/.exec(command) ?? [];
    if (port !== undefined && name !== undefined) listens.set(port, await listenOf(api, name));
  }
  expect(said.get("curl localhost:18080/proxies")).toBe("503\n");
  expect(said.get("curl localhost:18080/version")).toBe('{"version":"3.0.0"}');
  expect(said.get("curl localhost:15432/version")).toContain("2.12.0");
  const { proxies, faults } = await all(api);
  expect(Object.keys(proxies).toSorted()).toEqual(["cache", "db", "names", "shop", "time", "web"]);
  expect(Object.keys(faults)).toEqual(expect.arrayContaining(["http.body", "http.drip", "tls.expired", "ntp.offset"]));
  expect(faults["http.status"]).toBeUndefined();
});

test("every protocol has its example", () => {
  expect(protos.filter((proto) => proto !== "tcp" && !page.includes(`"proto": "${proto}"`))).toEqual([]);
});

test("every route is there, and every method", () => {
  const missing = routePaths.filter(
    ({ path, method }) =>
      !page.includes(`\`${method === "*" ? "GET" : method} ${path}\``) && !page.includes(`(or \`POST\`) \`${path}\``),
  );
  expect(missing.map(({ path, method }) => `${method} ${path}`)).toEqual([]);
});
