import type { Log } from "../host.ts";

/** Pipes are written synchronously by Node, so that no line is lost when the process ends. */
export const logToStandardOutput: Log = (event, fields = {}) => {
  process.stdout.write(`${JSON.stringify({ event, ...fields })}\n`);
};
