/** Whether what is printed may have colours: on a terminal, unless its user wants none (no-color.org). */
export function hasColours(): boolean {
  return process.stdout.isTTY && process.env["NO_COLOR"] === undefined;
}
