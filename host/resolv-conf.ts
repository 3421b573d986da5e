/** What resolv.conf(5) says, and what it means if it says nothing or nonsense: as glibc reads it. */
import { isIP } from "node:net";
import type { Address } from "./host.ts";

/** Whom to ask for names, and how. */
export interface Resolution {
  /** In this order, unless `rotate`. */
  readonly servers: readonly Address[];
  /** For the answer of one server. */
  readonly timeoutMs: number;
  /** How often all of them are asked. */
  readonly attempts: number;
  /** Each question begins with another server. */
  readonly rotate: boolean;
  /** Domains that names with few dots may be meant in. */
  readonly search: readonly string[];
  /** A name with so many dots is first asked for as it is. */
  readonly ndots: number;
}

const port = 53;
/** MAXNS: further ones are as good as not there. */
export const mostServers = 3;
const most = { timeout: 30, attempts: 5, ndots: 15 };

/** What counts where nothing else is said. */
export const usualResolution: Omit<Resolution, "servers"> = {
  timeoutMs: 5000,
  attempts: 2,
  rotate: false,
  search: [],
  ndots: 1,
};

export function parseResolvConf(text: string): Resolution {
  // A byte that is no text ends its line.
  const lines = text.split("\n").map((line) =>
    line
      .replace(/\0.*$/, "")
      .trimEnd()
      .split(/[ \t]+/),
  );
  // A keyword stands at the very beginning of its line; of what is said twice, the last counts.
  const valuesOf = (...keywords: readonly string[]): readonly string[] =>
    lines.findLast(([keyword = ""]) => keywords.includes(keyword))?.slice(1) ?? [];
  const servers = lines
    .flatMap(([keyword, host = ""]) => (keyword === "nameserver" && isIP(host) !== 0 ? [{ host, port }] : []))
    .slice(0, mostServers);
  const options = lines.flatMap(([keyword, ...values]) => (keyword === "options" ? values : []));
  const number = (name: keyof typeof most): number | undefined => {
    const value = options.findLast((option) => option.startsWith(`${name}:`))?.slice(name.length + 1);
    return value === undefined || !/^\d+$/.test(value) ? undefined : Math.min(Number(value), most[name]);
  };
  const timeout = number("timeout");
  return {
    // Nobody named: the machine asks itself.
    servers: servers.length === 0 ? [{ host: "127.0.0.1", port }] : servers,
    timeoutMs: timeout === undefined ? usualResolution.timeoutMs : timeout * 1000,
    attempts: number("attempts") ?? usualResolution.attempts,
    rotate: options.includes("rotate"),
    search: valuesOf("search", "domain"),
    ndots: number("ndots") ?? usualResolution.ndots,
  };
}

/** The names to ask for, the first choice first. */
export function candidatesOf(name: string, { search, ndots }: Pick<Resolution, "search" | "ndots">): readonly string[] {
  if (name.endsWith(".")) return [name.slice(0, -1)];
  const within = search.map((domain) => `${name}.${domain.replace(/\.$/, "")}`);
  const dots = name.split(".").length - 1;
  return dots >= ndots ? [name, ...within] : [...within, name];
}
