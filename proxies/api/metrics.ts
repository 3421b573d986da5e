/** Prometheus' text format 0.0.4, with Toxiproxy's names. Bytes count when they pass, not only when a connection ends. */
import type { ProxyTable } from "./table.ts";

const directions = ["upstream", "downstream"] as const;
const counters = [
  ["toxiproxy_proxy_received_bytes_total", "received"],
  ["toxiproxy_proxy_sent_bytes_total", "delivered"],
] as const;

export function renderMetrics(table: ProxyTable): string {
  const proxies = table.list();
  const bytes = counters.map(([metric, counted]) =>
    family(
      metric,
      "counter",
      proxies.flatMap((proxy) => {
        const { name, listen, upstream } = proxy.shown();
        const traffic = proxy.traffic();
        return directions.map((direction) => ({
          labels: { direction, listener: listen, proxy: name, upstream },
          value: traffic[direction][counted],
        }));
      }),
    ),
  );
  return [
    ...bytes,
    family(
      "sinbin_connections",
      "gauge",
      proxies.map((proxy) => of(proxy.name, proxy.connections().length)),
    ),
    family(
      "sinbin_connections_total",
      "counter",
      proxies.map((proxy) => of(proxy.name, proxy.opened())),
    ),
    family(
      "sinbin_fault_hits_total",
      "counter",
      table.faults().map(({ name, fault, hits }) => ({ labels: { fault: name, kind: fault.kind }, value: hits })),
    ),
    family(
      "sinbin_toxic_hits_total",
      "counter",
      proxies.flatMap((proxy) =>
        [...proxy.toxicHits()].map(([toxic, value]) => ({ labels: { proxy: proxy.name, toxic }, value })),
      ),
    ),
  ].join("");
}

function of(proxy: string, value: number): Sample {
  return { labels: { proxy }, value };
}

interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

function family(metric: string, type: "counter" | "gauge", samples: readonly Sample[]): string {
  const lines = samples.map(({ labels, value }) => `${metric}{${renderLabels(labels)}} ${value}\n`);
  return `# HELP ${metric} \n# TYPE ${metric} ${type}\n${lines.join("")}`;
}

function renderLabels(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${value.replaceAll(/[\\"]/g, String.raw`\$&`).replaceAll("\n", String.raw`\n`)}"`)
    .join(",");
}
