import type { Host } from "../../host/host.ts";

/** Whoever reads the file sees the old content or the new one. False if it is there already, just so. */
export async function replaceFile(host: Host, path: string, content: Uint8Array | string): Promise<boolean> {
  const old = await host.files.read(path).catch(() => undefined);
  if (old !== undefined && Buffer.compare(old, Buffer.from(content)) === 0) return false;
  {
    await using file = await host.files.open(`${path}.new`, "write");
    await file.write(content);
  }
  await host.files.rename(`${path}.new`, path);
  return true;
}
