/** What this process needs, by the names that Prometheus' own clients use. */
import { readdirSync } from "node:fs";

export function runtimeMetrics(): string {
  const { user, system } = process.cpuUsage();
  const samples = [
    ["process_cpu_seconds_total", "counter", (user + system) / 1e6],
    ["process_resident_memory_bytes", "gauge", process.memoryUsage.rss()],
    ["process_start_time_seconds", "gauge", (performance.timeOrigin / 1000).toFixed(3)],
    ["process_open_fds", "gauge", openFiles()],
  ] as const;
  return samples
    .filter(([, , value]) => value !== undefined)
    .map(([name, type, value]) => `# HELP ${name} \n# TYPE ${name} ${type}\n${name} ${value}\n`)
    .join("");
}

function openFiles(): number | undefined {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch {
    // No such thing on this system.
    return undefined;
  }
}
