/** Why packets can't be led over a wire here. */
import { execFile } from "node:child_process";
import { find, namespaces, searchPath } from "../isolate.ts";
import { namesOf, rulesOf } from "./rules.ts";
import { wireTools } from "./wire.ts";

export function missingWireTools(): readonly (keyof typeof wireTools)[] {
  return (Object.keys(wireTools) as (keyof typeof wireTools)[]).filter((tool) => find(tool) === undefined);
}

/** Undefined if they can. Tries all that it needs, once, in namespaces that end with the trial. */
export async function findWireHindrance(): Promise<string | undefined> {
  const missing = missingWireTools();
  if (missing.length > 0) return `not on the PATH: ${missing.join(", ")}`;
  const names = namesOf("lo");
  const service = "127.0.0.1";
  const rules = rulesOf(names, [
    { id: 1, service, what: "loss", probability: 0.5, direction: "in" },
    { id: 2, service, what: "duplicate", probability: 0.5, direction: "out" },
    { id: 3, service, what: "corrupt", probability: 0.5, direction: "both" },
  ]);
  const trial = [
    "set -e",
    `ip link add ${names.near} type veth peer name ${names.far}`,
    `ethtool --offload ${names.near} tx off tso off gso off`,
    "nft -f -",
  ];
  return new Promise((resolve) => {
    const words = [...namespaces, "--fork", "--kill-child", "sh", "-c", trial.join("\n")];
    const child = execFile(
      "unshare",
      words,
      { env: { ...process.env, PATH: searchPath() } },
      (error, _output, complaint) => {
        if (error === null) resolve(undefined);
        else
          resolve(
            `the kernel refuses to lead packets over a wire: ${complaint.trim().split("\n")[0] ?? error.message}`,
          );
      },
    );
    child.stdin?.on("error", () => {});
    child.stdin?.end(`${rules}\n`);
  });
}
