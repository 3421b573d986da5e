/** How people write a fault: `tcp.slow_close` for `tcp.slow-close`, in plans and in the control API. */
import { faults, type Fault } from "./registry.ts";

export const faultKey = (kind: string): string => kind.replaceAll("-", "_");

export const faultOf = (key: string): Fault | undefined => faults.get(key.replaceAll("_", "-"));
