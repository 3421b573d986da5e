/** How people write a fault: `tcp.slow_close` for `tcp.slow-close`, in plans and in the control API. */
import { faults, type Fault, type Repertoire } from "./registry.ts";

export const faultKey = (kind: string): string => kind.replaceAll("-", "_");

export const faultOf = (key: string, among: Repertoire = faults): Fault | undefined =>
  among.get(key.replaceAll("_", "-"));
