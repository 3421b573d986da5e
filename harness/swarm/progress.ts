/** Where the jobs of a swarm are, in one line: `swarm-1: 2 running, 5 done · swarm-2: 1 running, 6 done, 1 lost · swarm-3: not ready · 3 wait`. */
import type { NodeState } from "./spread.ts";

export function renderNodes(nodes: readonly NodeState[], waiting: number, width = 200): string {
  const parts = nodes.map(({ name, ready, unfit, running, finished, lost }) => {
    const counts = [
      ...(unfit === undefined ? [] : ["can't run it"]),
      ...(ready ? [] : ["not ready"]),
      ...(running > 0 ? [`${running} running`] : []),
      ...(finished > 0 || (lost === 0 && running === 0 && ready && unfit === undefined) ? [`${finished} done`] : []),
      ...(lost > 0 ? [`${lost} lost`] : []),
    ];
    return `${name}: ${counts.join(", ")}`;
  });
  const line = [...parts, ...(waiting > 0 ? [`${waiting} ${waiting === 1 ? "waits" : "wait"}`] : [])].join(" · ");
  return line.length <= width ? line : `${line.slice(0, width - 1)}…`;
}
