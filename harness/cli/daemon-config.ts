/**
 * What the daemon begins with: Toxiproxy's JSON, or links and faults in YAML, as in a plan.
 *
 *     links:
 *       db: { listen: 127.0.0.1:15432, upstream: db.test:5432 }
 *     faults:
 *       - tcp.latency: { delay: 100ms }
 *         where: db
 */
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { codeOf } from "../../proxies/api/addresses.ts";
import { changeOf, faultDocument, faultRequestOf, proxyBody, type Change } from "../../proxies/api/changes.ts";
import { ApiError, invalidType } from "../../proxies/api/errors.ts";
import { planChanges } from "../../proxies/api/plan.ts";
import { readProxies } from "../../proxies/api/requests.ts";
import type { ProxyTable } from "../../proxies/api/table.ts";
import { toxicTypes } from "../../proxies/api/toxics.ts";
import { messageOf, PlanError, UsageError } from "../errors.ts";
import { problemsOf } from "../plan/issues.ts";
import { placeOf, placeOfKey, problemAt, toPlain, type Path, type Tree } from "../plan/tree.ts";
import { readYaml } from "../plan/yaml.ts";

const document = z.strictObject({
  links: z.record(
    z.string().max(200),
    proxyBody.refine(({ upstream }) => upstream !== undefined, {
      message: "write its upstream: where the server is, such as db.test:5432",
    }),
  ),
  faults: z.array(faultDocument).optional(),
});

/** @throws {UsageError | PlanError} if the file is wrong, or what it says can't be done. */
export async function beginWith(table: ProxyTable, file: string): Promise<void> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new UsageError(`--config ${file}: ${messageOf(cause)}`, { cause });
  });
  try {
    if (isToxiproxys(text)) await table.populate(readProxies(text));
    else await table.apply(readConfig(file, text));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const why = error.message.replace(/^bad request body: /, "");
    throw new UsageError(`--config ${file}: ${why}${adviceFor(error, text)}`, { cause: error });
  }
}

function adviceFor({ status, message, cause }: ApiError, text: string): string {
  // Which of several proxies it was is said around it.
  if (cause instanceof ApiError) return adviceFor(cause, text);
  if (codeOf(cause) === "EADDRINUSE") return "; stop what listens there, or write another listen";
  if (message === invalidType().message) return `; write one of ${[...toxicTypes.keys()].join(", ")}`;
  if (status === 500) return "; write a listen such as 127.0.0.1:15432";
  return isToxiproxys(text)
    ? `; write a JSON array such as [{"name": "db", "listen": "127.0.0.1:15432", "upstream": "db.test:5432"}]`
    : "";
}

/** An array is; a plan's words are keys. */
function isToxiproxys(text: string): boolean {
  return /^\s*(?:\[|null\b)/.test(text);
}

const example = "write links, such as links: { db: { listen: 127.0.0.1:15432, upstream: db.test:5432 } }";

/** What it says as changes, links first. @throws {PlanError} with every problem, each with its place. */
export function readConfig(file: string, text: string): readonly Change[] {
  if (text.trim() === "")
    throw new PlanError([{ file, line: 1, column: 1, path: "", message: `the file is empty: ${example}` }]);
  const { tree, problems } = readYaml(file, text);
  if (tree === undefined || problems.length > 0) throw new PlanError(problems);
  const raw = toPlain(tree);
  const misshapen = problemsOf(document, raw, tree);
  if (misshapen.length > 0) throw new PlanError(misshapen);
  const { links, faults = [] } = document.parse(raw);
  const written = (raw as { readonly faults?: readonly unknown[] }).faults ?? [];
  const proxies = Object.entries(links).map(([name, link]) => changeOf({ proxy: { name, ...link } }, undefined));
  const requests = faults.map((fault, index) => ({ fault: faultRequestOf(fault, written[index]) }));
  return checked([...proxies, ...requests], Object.keys(links), tree);
}

/** What is only wrong together, such as a fault whose link is not there, is said with its place, too. */
function checked(changes: readonly Change[], links: readonly string[], tree: Tree): readonly Change[] {
  const nothing = { proxies: new Map(), faults: new Map() };
  for (const [index] of changes.entries()) {
    try {
      planChanges(changes.slice(0, index + 1), nothing);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const isLink = index < links.length;
      const path: Path = isLink ? ["links", links[index] ?? ""] : ["faults", index - links.length, "where"];
      const place = isLink ? placeOfKey(tree, path) : placeOf(tree, path);
      throw new PlanError([problemAt(place, path, error.message.replace(/^\[\d+\]: /, ""))]);
    }
  }
  return changes;
}
