/**
 * The disk plane: what became of a service's files behind its back, and a disk that refuses.
 *
 *     files ──► read, put, delete, rename, previous   at rest: a pulse, done when it is done
 *     operations ──► refuse                           lasts until it is lifted
 *     power ──► losePower                             everything that runs ends, and what was not synced may be gone
 *
 * Paths are those of `host.files`: relative to the service's directory, with `/` between names. Of an image they are absolute.
 */
import type { z } from "zod";
import type { Chance } from "../random.ts";
import type { ServiceFault } from "../service.ts";

/** No space left; the file system has become read-only. */
export type DiskRefusal = "ENOSPC" | "EROFS";

export interface DiskTarget {
  /** All files, sorted. */
  files(): Promise<readonly string[]>;
  /** Undefined if it is not there, any more: a service may remove it meanwhile. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** Changes what is there or adds it, behind everybody's back and durable at once; who has the file open sees it. */
  put(path: string, bytes: Uint8Array): Promise<void>;
  /** False if it was not there. */
  delete(path: string): Promise<boolean>;
  /** Durable at once; replaces what is there. Who has the file open keeps it. False if it was not there. */
  rename(from: string, to: string): Promise<boolean>;
  /** What the path held before it was last replaced or rewritten; undefined if nothing else is known of it. */
  previous(path: string): Promise<Uint8Array | undefined>;
  /** Operations that would change the disk fail so until the disposable is disposed of, whoever runs then. Of refusals that overlap, the latest counts. */
  refuse(code: DiskRefusal, onRefused: () => void): Promise<AsyncDisposable>;
  /**
   * Everything of the service is gone at once, and its disk is left in a state that a crash can leave, drawn. False if nothing ran: the disk is as it
   * was then.
   */
  losePower(chance: Chance): Promise<boolean>;
}

export type DiskFault<Parameters extends z.ZodObject = z.ZodObject> = ServiceFault<"disk", DiskTarget, Parameters>;

/** Checks one fault's file against the contract, its parameters' types included. */
export function diskFault<Parameters extends z.ZodObject>(fault: DiskFault<Parameters>): DiskFault<Parameters> {
  return fault;
}
