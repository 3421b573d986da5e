/** Several changes that may fail, of which all happen or none. */
import { ApiError } from "./errors.ts";
import { codeOf } from "./addresses.ts";

export interface Work {
  /** That it wants, or gives up, if any. */
  readonly port: number | undefined;
  /** Gives up the address that it has now, where that is in another one's way. */
  readonly aside?: Work | undefined;
  /** Resolves with what takes it back. */
  begin(): Promise<() => Promise<void>>;
}

/**
 * First what may fail, so that a failure has cost nobody a connection; only what needs an address that another one gives up comes behind, when that has
 * stopped (two that change places both have), and what is to be done at last, all of that at the same time.
 *
 * @throws {ApiError} what failed first; all that was done before is taken back then.
 */
export async function allOrNothing(
  binds: readonly Work[],
  stops: readonly Work[],
  atLast: readonly Work[],
): Promise<void> {
  const undo: (() => Promise<void>)[] = [];
  const late: Work[] = [];
  try {
    for (const work of binds) {
      try {
        undo.push(await work.begin());
      } catch (error) {
        const leaving = [...stops, ...binds.flatMap(({ aside }) => aside ?? [])];
        if (!isTaken(error) || !leaving.some(({ port }) => port === work.port)) throw error;
        late.push(work);
      }
    }
    for (const work of [...stops, ...late.flatMap(({ aside }) => aside ?? [])]) undo.push(await work.begin());
    for (const work of late) {
      const { aside } = work;
      const takeBack = await work.begin();
      // To where it was it goes when all have stepped aside again.
      undo.push(aside === undefined ? takeBack : async () => void (await aside.begin()));
    }
    const begun = await Promise.allSettled(atLast.map((work) => work.begin()));
    undo.push(...begun.flatMap((each) => (each.status === "fulfilled" ? [each.value] : [])));
    const failed = begun.find((each) => each.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  } catch (error) {
    const failures: unknown[] = [];
    for (const takeBack of undo.toReversed()) await takeBack().catch((failure: unknown) => failures.push(failure));
    if (failures.length === 0 || !(error instanceof ApiError)) throw error;
    throw new ApiError(
      error.status,
      `${error.message}; and it could not all be taken back: ${failures.map(String).join(", ")}`,
      {
        cause: error,
      },
    );
  }
}

function isTaken(error: unknown): boolean {
  return error instanceof ApiError && codeOf(error.cause) === "EADDRINUSE";
}
