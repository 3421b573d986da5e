/** What PLC says instead of an answer, by the numbers of its API (PLC/Faults.py). */

const texts = {
  100: "Invalid method",
  101: "Wrong number of arguments",
  102: "Invalid argument",
  103: "Failed to authenticate call",
  106: "Database error",
  108: "Permission denied",
  109: "Not fully implemented",
  111: "Internal API error",
} as const;

export class PlcFault extends Error {
  override readonly name = "PlcFault";
  readonly code: keyof typeof texts;

  constructor(code: keyof typeof texts, extra: string) {
    super(`${texts[code]}: ${extra}`);
    this.code = code;
  }
}
