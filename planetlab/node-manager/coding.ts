/** The content coding that is asked for, gzip, and what can be wrong with it. */
import { constants as bufferConstants } from "node:buffer";
import { constants, gunzipSync } from "node:zlib";
import { codeOf } from "../../host/error-code.ts";

interface Coded {
  readonly bytes: Uint8Array;
  readonly outcome: "ok" | "reset" | "truncated";
}

/** `too-large`: it says little and unpacks to much. `coding`: it is not what it says, or something that nobody has asked for. */
export class CodingError extends Error {
  override readonly name = "CodingError";
  readonly why: "coding" | "too-large";

  constructor(why: CodingError["why"], message: string, cause?: unknown) {
    super(message, { cause });
    this.why = why;
  }
}

/** What stands in it; of what was cut, as much as there is. @throws {CodingError} */
export function decode({ bytes, outcome }: Coded, coding: string | undefined, mostBytes: number): Coded {
  const named = coding?.trim().toLowerCase() ?? "";
  if (named === "" || named === "identity") return { bytes, outcome };
  if (named !== "gzip" && named !== "x-gzip") throw new CodingError("coding", `nobody has asked for ${named}`);
  const most = { maxOutputLength: Math.min(mostBytes, bufferConstants.MAX_LENGTH) };
  try {
    return { bytes: gunzipSync(bytes, most), outcome };
  } catch (cause) {
    switch (codeOf(cause)) {
      case "Z_BUF_ERROR":
        return { bytes: gunzipSync(bytes, { ...most, finishFlush: constants.Z_SYNC_FLUSH }), outcome: "truncated" };
      case "ERR_BUFFER_TOO_LARGE":
        throw new CodingError("too-large", `the answer unpacks to more than ${mostBytes} bytes`, cause);
      default:
        throw new CodingError("coding", `the answer is no gzip: ${String(cause)}`, cause);
    }
  }
}
