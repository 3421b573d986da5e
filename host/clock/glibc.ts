/** Which C library a file system has, and which one the library of virtual clocks needs: as the files themselves say. */

/** Where glibc's dynamic loader is, which every program that is linked with it names; by Node's word for the architecture. */
export const loaderPaths: ReadonlyMap<string, string> = new Map([
  ["x64", "/lib64/ld-linux-x86-64.so.2"],
  ["arm64", "/lib/ld-linux-aarch64.so.1"],
]);

export interface GlibcVersion {
  readonly major: number;
  readonly minor: number;
}

/** The newest version whose symbols a library uses: an older one can't load it. */
export function glibcNeededBy(library: Uint8Array): GlibcVersion {
  const versions = [
    ...Buffer.from(library)
      .toString("latin1")
      .matchAll(/GLIBC_(\d+)\.(\d+)/g),
  ].map(versionOf);
  return versions.reduce((most, each) => (isAtLeast(most, each) ? most : each), { major: 2, minor: 0 });
}

/** What a loader says of itself; undefined if it does not, as those before 2.33 and those of other C libraries. */
export function glibcOf(loader: Uint8Array): GlibcVersion | undefined {
  const said = /stable release version (\d+)\.(\d+)/.exec(Buffer.from(loader).toString("latin1"));
  return said === null ? undefined : versionOf(said);
}

export function isAtLeast(version: GlibcVersion, { major, minor }: GlibcVersion): boolean {
  return version.major > major || (version.major === major && version.minor >= minor);
}

function versionOf([, major, minor]: RegExpExecArray): GlibcVersion {
  return { major: Number(major), minor: Number(minor) };
}
