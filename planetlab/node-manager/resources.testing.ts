import { ResourceError } from "./resources.ts";

/** With which code it is refused; 0 if it is not. */
export function codeOf(action: () => unknown): number {
  try {
    action();
    return 0;
  } catch (error) {
    if (error instanceof ResourceError) return error.code;
    throw error;
  }
}
