/**
 * The flags of `toxiproxy-server`, as its users have them in scripts and in the commands of containers, in the words of `sinbin proxy`.
 *
 *     -host=0.0.0.0 -proxy-metrics=true      ──►  proxy --host=0.0.0.0 --metrics
 *     proxy -config "" -seed 1700000000      ──►  proxy --seed=1700000000
 *     proxy --metrics=false                  ──►  proxy
 */
const valued = ["host", "port", "config", "seed"] as const;
/** What is true or false there, and what it is called here. */
const switches: Readonly<Record<string, string>> = {
  metrics: "--metrics",
  "proxy-metrics": "--metrics",
  "runtime-metrics": "--runtime-metrics",
  version: "--version",
};

const written = new RegExp(String.raw`^--?(${[...valued, ...Object.keys(switches)].join("|")})(?:=(.*))?$`, "s");
/** As Go reads them. */
const truths: ReadonlySet<string | undefined> = new Set([undefined, "1", "t", "T", "true", "TRUE", "True"]);
const falsehoods: ReadonlySet<string | undefined> = new Set(["0", "f", "F", "false", "FALSE", "False"]);

/** What was not Toxiproxy's stays as it is, for a message about it. */
export function fromGoFlags(words: readonly string[]): readonly string[] {
  const [first = ""] = words;
  const isServer = written.test(first) && !/^--version$/.test(first);
  if (first !== "proxy" && !isServer) return words;
  const rest = isServer ? [...words] : words.slice(1);
  const said: string[] = [];
  while (rest.length > 0) {
    const word = rest.shift() ?? "";
    const [, name = "", value] = written.exec(word) ?? [];
    const here = switches[name];
    if (name === "") said.push(word);
    else if (here === undefined) said.push(...valuedFlag(name, value ?? rest.shift()));
    else if (truths.has(value)) said.push(here);
    else if (!falsehoods.has(value)) said.push(word);
  }
  return said.includes("--version") ? ["--version"] : ["proxy", ...said];
}

/** An empty one is the same as none, as it is there. */
function valuedFlag(name: string, value: string | undefined): readonly string[] {
  if (value === undefined) return [`--${name}`];
  return value === "" ? [] : [`--${name}=${value}`];
}
