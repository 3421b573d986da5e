/** docs/proxy-api.md says what is so: its examples are taken, and no route is missing. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { changeOf, changesDocument, faultDocument } from "../../proxies/api/changes.ts";
import { readBody } from "../../proxies/api/read.ts";
import { readProxy, readToxic } from "../../proxies/api/requests.ts";
import { routePaths } from "../../proxies/api/routes.ts";
import { readConfig } from "./daemon-config.ts";

const page = readFileSync(new URL("../../docs/proxy-api.md", import.meta.url), "utf8");

function blocks(language: string): readonly string[] {
  return [...page.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, "gms"))].map(([, text = ""]) => text);
}

test("the changes are changes", () => {
  const found = blocks("json");
  expect(found).toHaveLength(1);
  for (const text of found) {
    const { parsed, raw } = readBody(changesDocument, text);
    expect(parsed.map((change, index) => changeOf(change, (raw as readonly unknown[])[index]))).not.toEqual([]);
  }
});

test("the config is one", () => {
  const found = blocks("yaml");
  expect(found.map((text) => readConfig("proxy-api.md", text).length)).toEqual([4]);
});

test("what curl sends is taken", () => {
  const [proxy = "", toxic = "", fault = ""] = [...page.matchAll(/curl -d '(.*?)'/g)].map(([, body = ""]) => body);
  expect(readProxy(proxy).name).toBe("db");
  expect(readToxic(toxic, []).type).toBe("latency");
  expect(readBody(faultDocument, fault).parsed.where).toBe("db");
});

test("every route is there, and every method", () => {
  const missing = routePaths.filter(
    ({ path, method }) =>
      !page.includes(`\`${method === "*" ? "GET" : method} ${path}\``) && !page.includes(`(or \`POST\`) \`${path}\``),
  );
  expect(missing.map(({ path, method }) => `${method} ${path}`)).toEqual([]);
});
