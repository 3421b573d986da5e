/** `link:fetch` in a parameter that is an address stands for where the client of that link finds its server, or for the server itself: it must be there. */
import type { z } from "zod";
import { linkIn, takesDoor, takesLink } from "../../../faults/place.ts";
import { actsOn } from "../../../faults/registry.ts";
import { isRecord, recordAt, textAt, valueAt } from "../raw.ts";
import type { Written } from "../schema.ts";
import type { RawStep } from "../step.ts";
import type { Path } from "../tree.ts";
import type { Checking } from "./checking.ts";
import { known } from "./known.ts";
import { namedIn } from "./where.ts";

export function checkDoors({ faults, raw }: RawStep, checking: Checking): void {
  /** Whatever may be drawn. */
  const visit = (value: Written | undefined, at: Path, found: (link: string, at: Path) => void): void => {
    const link = linkIn(value);
    if (link !== undefined) {
      known(checking, at, "link", link, checking.links);
      if (checking.links.includes(link)) found(link, at);
    } else if (Array.isArray(value))
      for (const [index, each] of (value as readonly Written[]).entries()) visit(each, [...at, index], found);
    else if (isRecord(value)) for (const [key, each] of Object.entries(value)) visit(each, [...at, key], found);
  };
  for (const { fault, path } of faults) {
    const written = valueAt(checking.document, path);
    for (const [name, schema] of Object.entries(fault.parameters.shape))
      if (takesLink(schema as z.ZodType))
        visit(isRecord(written) ? written[name] : undefined, [...path, name], (link, at) => {
          if (!takesDoor(schema as z.ZodType)) checkStranger(link, at, raw["where"], checking);
        });
  }
}

/** Who is led to the server of a link must be able to connect to it, and find somebody else there. */
function checkStranger(
  link: string,
  at: Path,
  where: Written | undefined,
  { document, links, complain }: Checking,
): void {
  const all = recordAt(document, "links");
  const proto = textAt(all[link], "proto") ?? "tcp";
  if (!actsOn("tcp", proto)) {
    complain(at, `nobody connects to the server of ${link}, which is a link of proto: ${proto}: write one over tcp`);
    return;
  }
  const serverOf = (name: string): string => JSON.stringify([textAt(all[name], "to"), recordAt(all, name)["port"]]);
  const acted = namedIn(where) ?? (where === "all" || links.length === 1 ? links : []);
  const [same] = acted.filter((name) => typeof name === "string").filter((name) => serverOf(name) === serverOf(link));
  if (same !== undefined) complain(at, `${link} leads to the server of ${same} itself: write a link to somebody else`);
}
