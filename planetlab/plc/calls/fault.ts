/** What PLC says instead of an answer, by the numbers and in the words of its API (PLC/Faults.py). */

const texts = {
  100: (method: string) => `Invalid method ${method}`,
  101: (counts: string) => `Expected ${counts}`,
  102: (extra: string) => `Invalid argument: ${extra}`,
  103: (extra: string) => `Failed to authenticate call: ${extra}`,
  106: (extra: string) => `Database error: ${extra}`,
  108: (extra: string) => `Permission denied: ${extra}`,
  109: (extra: string) => `Not fully implemented: ${extra}`,
  111: (extra: string) => `Internal API error: ${extra}`,
} as const;

export class PlcFault extends Error {
  override readonly name = "PlcFault";
  readonly code: keyof typeof texts;

  constructor(code: keyof typeof texts, extra: string) {
    super(texts[code](extra));
    this.code = code;
  }
}
