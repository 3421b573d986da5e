/** Waits for all, also where one has failed: what is under way then would be made after everything was cleared away. @throws the first failure. */
export async function together<Results extends readonly unknown[]>(
  ...work: { readonly [Key in keyof Results]: Promise<Results[Key]> }
): Promise<Results> {
  const outcomes = await Promise.allSettled(work);
  return outcomes.map((outcome) => {
    if (outcome.status === "rejected") throw outcome.reason;
    return outcome.value;
  }) as unknown as Results;
}

/** The same for each of many things, by their names. */
export async function forEach<Thing, Result>(
  things: ReadonlyMap<string, Thing>,
  work: (name: string, thing: Thing) => Promise<Result>,
): Promise<ReadonlyMap<string, Result>> {
  const results = await together(...[...things].map(async ([name, thing]) => [name, await work(name, thing)] as const));
  return new Map(results);
}
