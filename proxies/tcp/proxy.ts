/** One link's proxy: listens where the client looks for the server, and puts faults on what passes. */
import type { Address, Host, Listener } from "../../host/host.ts";
import type { Direction, TcpFault } from "../../faults/tcp/contract.ts";

export interface TcpProxyOptions {
  readonly host: Host;
  /** Where to listen. */
  readonly listen: { readonly host?: string; readonly port: number };
  /** Where the server is; asked for every connection, since a restarted server may have moved. */
  readonly server: () => Promise<Address>;
  readonly onEvent: (event: ProxyEvent) => void;
}

export type ProxyEvent =
  | { readonly type: "open"; readonly connection: number }
  | { readonly type: "close"; readonly connection: number; readonly upstream: number; readonly downstream: number; readonly by: string };

export interface TcpInjection {
  readonly fault: TcpFault;
  /** Validated by the fault's schema. */
  readonly parameters: object;
  readonly direction?: Direction | "both";
  /** Which connections: all that are there and all that come, unless narrowed. Ordinals count from 1 within the injection. */
  readonly scope?: "new" | "all";
  readonly probability?: number;
  readonly first?: number;
  readonly nth?: number;
  readonly everyNth?: number;
  /** A uniform number in [0, 1) for a decision of this injection; the same for the same name and n. */
  readonly draw: (decision: string, n: number) => number;
  /** Once for each connection that the fault has really changed (or kept out). */
  readonly onHit: (detail: { readonly connection?: number } & Readonly<Record<string, unknown>>) => void;
}

export interface TcpProxy extends AsyncDisposable {
  /** Where it listens now, or did before its door was shut. */
  readonly address: Address;
  /** Takes effect at once on new and on existing connections; disposing the result lifts it. Later injections act on what earlier ones put out. */
  inject(injection: TcpInjection): AsyncDisposable;
  /**
   * Somebody saw a connect to this proxy being refused (the kernel refuses without telling the proxy): counts as a hit of every injection whose
   * door is shut.
   */
  refused(): void;
}

export declare function startTcpProxy(options: TcpProxyOptions): Promise<TcpProxy>;
export type { Listener };
