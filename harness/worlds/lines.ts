/** Splits a service's output into lines, with a limit on their length: a daemon that writes without end must not fill the harness. */

/** Structured lines may name hundreds of slivers; one that is cut can only be kept as text. */
export const longestLineBytes = 64 * 1024;
const newline = 0x0a;
/** What is kept of all that a service writes. */
export const mostLogBytes = 64 * 1024 * 1024;

/** Instead of what comes after that. */
export function endOfLog(mostBytes: number): string {
  return `The log ends here: it has reached its limit of ${mostBytes} bytes.\n`;
}

export interface LineSplitter {
  feed(chunk: Uint8Array): void;
  /** A last line may lack its end. */
  end(): void;
}

/** `cut`: the line was longer than the limit. */
export function createLineSplitter(onLine: (line: string, cut: boolean) => void): LineSplitter {
  let kept: Uint8Array[] = [];
  let keptBytes = 0;
  let isCut = false;

  const keep = (part: Uint8Array): void => {
    const fitting = part.subarray(0, longestLineBytes - keptBytes);
    if (fitting.length < part.length) isCut = true;
    if (fitting.length === 0) return;
    kept.push(fitting);
    keptBytes += fitting.length;
  };
  const finish = (): void => {
    const line = Buffer.concat(kept).toString("utf8").replace(/\r$/, "");
    const cut = isCut;
    kept = [];
    keptBytes = 0;
    isCut = false;
    onLine(line, cut);
  };

  return {
    feed(chunk) {
      let rest = chunk;
      for (let end = rest.indexOf(newline); end !== -1; end = rest.indexOf(newline)) {
        keep(rest.subarray(0, end));
        finish();
        rest = rest.subarray(end + 1);
      }
      keep(rest);
    },
    end() {
      if (keptBytes > 0) finish();
    },
  };
}

/** A structured line, as `host.log` writes it; undefined for any other. */
export function parseFields(
  line: string,
): ({ readonly event: string } & Readonly<Record<string, unknown>>) | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== "object" || value === null || !("event" in value) || typeof value.event !== "string")
      return undefined;
    return { ...value, event: value.event };
  } catch {
    return undefined;
  }
}
