/** Prometheus' text format 0.0.4, with Toxiproxy's names. Bytes count when they pass, not only when a connection ends. */
import type { ManagedProxy } from "./managed.ts";

const directions = ["upstream", "downstream"] as const;
const counters = [
  ["toxiproxy_proxy_received_bytes_total", "received"],
  ["toxiproxy_proxy_sent_bytes_total", "delivered"],
] as const;

export function renderMetrics(proxies: readonly ManagedProxy[]): string {
  return counters
    .map(([metric, counted]) => {
      const lines = proxies.flatMap((proxy) => {
        const { name, listen, upstream } = proxy.shown();
        const traffic = proxy.traffic();
        return directions.map((direction) => {
          const labels = { direction, listener: listen, proxy: name, upstream };
          return `${metric}{${renderLabels(labels)}} ${traffic[direction][counted]}\n`;
        });
      });
      return `# HELP ${metric} \n# TYPE ${metric} counter\n${lines.join("")}`;
    })
    .join("");
}

function renderLabels(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${value.replaceAll(/[\\"]/g, String.raw`\$&`).replaceAll("\n", String.raw`\n`)}"`)
    .join(",");
}
