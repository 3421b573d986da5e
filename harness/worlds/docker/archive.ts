/** Files as an engine takes them: tar archives. */
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { pack as packFolder } from "tar-fs";
import { extract, pack } from "tar-stream";

/** Files of a folder, by their paths in it, below another name and together with others, where that is wanted. */
export function archiveFolder(
  folder: string,
  files: readonly string[],
  { below = "", besides = {} }: { readonly below?: string; readonly besides?: Readonly<Record<string, string>> } = {},
): Readable {
  return packFolder(folder, {
    // They are taken out of the list.
    entries: [...files],
    map: (header) => ({ ...header, name: below + header.name }),
    finalize: false,
    finish(archive) {
      for (const [name, text] of Object.entries(besides)) archive.entry({ name }, text);
      archive.finalize();
    },
  });
}

/** Texts by their paths, which everybody may read. */
export function archiveTexts(texts: Readonly<Record<string, string>>): Readable {
  const archive = pack();
  for (const [name, text] of Object.entries(texts)) archive.entry({ name: name.replace(/^\//, ""), mode: 0o644 }, text);
  archive.finalize();
  return archive;
}

export interface Archived {
  readonly bytes: Uint8Array;
  /** Whither it leads, if it is a link. */
  readonly link: string | undefined;
}

/** The first entry of an archive; undefined if it is empty. */
export async function readArchive(archive: NodeJS.ReadableStream): Promise<Archived | undefined> {
  const entries = extract();
  let found: Archived | undefined;
  entries.on("entry", ({ linkname }, content, next) => {
    const chunks: Buffer[] = [];
    content.on("data", (chunk: Buffer) => chunks.push(chunk));
    content.once("end", () => {
      found ??= { bytes: Buffer.concat(chunks), link: linkname ?? undefined };
      next();
    });
  });
  await pipeline(archive, entries);
  return found;
}
