/** What a plan may need and a world may lack; `sinbin doctor` and a plan's `requires` use the same names. */
export const capabilities = ["programs", "commands", "isolation", "natural-ports", "limits"] as const;
export type Capability = (typeof capabilities)[number];
