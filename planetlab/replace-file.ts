import { dirname } from "node:path";
import type { Host } from "../host/host.ts";

/**
 * Whoever reads the file sees the old content or the new one, also after a power loss if it is `synced`. False if it is there already, just so.
 */
export async function replaceFile(
  { files }: Pick<Host, "files">,
  path: string,
  content: Uint8Array | string,
  { synced = true, ownerOnly = false } = {},
): Promise<boolean> {
  const old = await files.read(path).catch(() => undefined);
  if (old !== undefined && Buffer.compare(old, Buffer.from(content)) === 0) return false;
  {
    await using file = await files.open(`${path}.new`, "write", { ownerOnly });
    await file.write(content);
    if (synced) await file.sync();
  }
  await files.rename(`${path}.new`, path);
  if (synced) await files.syncDirectory(dirname(path));
  return true;
}
