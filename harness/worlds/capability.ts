/** What a plan may need and a world may lack; `sinbin doctor` and a plan's `requires` use the same names. */
export const capabilities = [
  "programs",
  "commands",
  "isolation",
  "natural-ports",
  /** Services reach whatever this machine reaches. */
  "outside",
  "limits",
  /** Services that are containers of their own. */
  "images",
  /** Limits of memory and shares of CPUs, and others that hold from the start of a service on. */
  "memory",
  /** A service's network can be cut. */
  "cables",
  /** Faults of single packets. */
  "packets",
  /** Services can have virtual clocks. */
  "clock",
  /** Children of a service can have another than its main process. */
  "child-clocks",
  /** All clocks of a plan, the harness's own as well, can run faster than real time; or time is virtual anyway. */
  "scaled-time",
  /** The clock of a service is set by an NTP client of ours. */
  "timekeepers",
] as const;
export type Capability = (typeof capabilities)[number];
