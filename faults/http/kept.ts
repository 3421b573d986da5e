import type { HttpReply } from "./message.ts";

/** How much a fault keeps of old replies, all together. */
const mostBytes = 64 * 1024 * 1024;

export interface Kept {
  /** By whatever names them, oldest first. */
  readonly replies: Map<string, HttpReply>;
  bytes: number;
}

export function nothingKept(): Kept {
  return { replies: new Map(), bytes: 0 };
}

/** Puts it in; what is oldest goes when there is no room. One whose body nobody has is not kept. */
export function keep(kept: Kept, key: string, reply: HttpReply): void {
  forget(kept, key);
  if (reply.body === undefined || reply.body.length > mostBytes) return;
  kept.replies.set(key, reply);
  kept.bytes += reply.body.length;
  for (const [oldest] of kept.replies) {
    if (kept.bytes <= mostBytes && kept.replies.size <= 10_000) break;
    forget(kept, oldest);
  }
}

export function forget(kept: Kept, key: string): void {
  kept.bytes -= kept.replies.get(key)?.body?.length ?? 0;
  kept.replies.delete(key);
}
