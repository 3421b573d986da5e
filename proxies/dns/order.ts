/**
 * The order of replies to one query. Over TCP it may be answered by many messages, as a transfer is: none of them goes before the one ahead of it, however
 * long each is kept back.
 */
export interface Order {
  /** Whether nothing is kept back ahead of a reply to this query. */
  isNext(id: number): boolean;
  /** Behind those that are kept back. What it returns says that its time has come: it goes then, or as soon as all ahead of it have gone. */
  keepBack(id: number, go: () => void): () => void;
}

/** Datagrams overtake each other. */
export const unordered: Order = { isNext: () => true, keepBack: (_id, go) => go };

export function createOrder(): Order {
  const kept = new Map<number, { readonly go: () => void; isDue: boolean }[]>();
  return {
    isNext: (id) => !kept.has(id),
    keepBack(id, go) {
      const all = kept.get(id) ?? [];
      kept.set(id, all);
      const one = { go, isDue: false };
      all.push(one);
      return () => {
        one.isDue = true;
        while (all[0]?.isDue === true) all.shift()?.go();
        if (all.length === 0) kept.delete(id);
      };
    },
  };
}
