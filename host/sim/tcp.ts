/** The kernel's side of TCP. */
import type { Address } from "../host.ts";

/** What opens a connection. */
export interface Syn {
  readonly from: Address;
  readonly to: Address;
}
