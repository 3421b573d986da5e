/** What a crash leaves of a file system, one legal state of many: the rules are in disk.ts. */
import type { Entries } from "./entries.ts";
import { createDirectoryNode, createFileNode, overlaid, type DirectoryNode, type FileNode } from "./nodes.ts";

/** A uniform number in [0, 1) for the n-th decision of that name. */
export type Draw = (decision: string, n: number) => number;

export function crash(root: DirectoryNode, entries: Entries, draw: Draw, n: number): DirectoryNode {
  /** One of 0, 1 … most. */
  const pick = (decision: string, most: number): number =>
    most === 0 ? 0 : Math.min(most, Math.floor(draw(decision, n) * (most + 1)));

  const survivorOf = (file: FileNode, path: string): Uint8Array => {
    const { unsynced } = file;
    if (unsynced.length === 0) return file.durable;
    const kept = pick(`writes to ${path}`, unsynced.length);
    const whole = unsynced[kept - 1]?.after ?? file.durable;
    const torn = unsynced[kept]?.write;
    if (torn === undefined) return whole;
    const bytes = torn.bytes.subarray(0, pick(`bytes written to ${path}`, torn.bytes.length - 1));
    // A write of nothing does not grow a file, even beyond its end.
    const content = bytes.length === 0 ? whole : overlaid(whole.slice(), torn.position, bytes);
    const end = unsynced.findIndex(({ write }, index) => index > kept && write === undefined);
    const grown = unsynced.slice(kept, end < 0 ? undefined : end);
    const size = grown[pick(`size of ${path}`, grown.length) - 1]?.after.length ?? 0;
    return size > content.length ? overlaid(content.slice(), size, new Uint8Array()) : content;
  };

  const treeOf = (directory: DirectoryNode, path: string): DirectoryNode => {
    const tree = createDirectoryNode(path);
    for (const [name, node] of directory.durable) {
      const below = path === "" ? name : `${path}/${name}`;
      const survivor = node.kind === "file" ? createFileNode(survivorOf(node, below).slice()) : treeOf(node, below);
      const previous = directory.previous.get(name);
      if (previous !== undefined) tree.previous.set(name, previous);
      tree.entries.set(name, survivor);
      tree.durable.set(name, survivor);
    }
    return tree;
  };

  entries.lose((directory, of) => pick(`entries of ${directory.born === "" ? "." : directory.born}`, of));
  return treeOf(root, "");
}
