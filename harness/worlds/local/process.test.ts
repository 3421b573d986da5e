/** Who wanted the end of a process, told by real processes that say when they are up. */
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import type { Exit } from "../../../host/host.ts";
import type { Signal } from "../../../faults/process/contract.ts";
import { startLife } from "./process.ts";
import type { LocalLife } from "./process.ts";
import { findMarked } from "./marked.ts";

interface Subject {
  readonly life: LocalLife;
  /** Resolves with the next line. */
  readonly line: () => Promise<string>;
  readonly exit: Promise<Exit & { readonly ordered: boolean }>;
}

/** Runs a script of JavaScript that writes `up` when its handlers are there. */
const start = (script: string): Promise<Subject> =>
  startCommand([process.execPath, "-e", `setInterval(() => {}, 1000); ${script}; console.log("up")`]);

/** The same, of Perl, in which a process moves others between groups. */
const startPerl = (script: readonly string[]): Promise<Subject> =>
  startCommand(["/usr/bin/perl", "-e", `$| = 1; ${script.join(" ")} print "up\\n"; sleep 1 while 1;`]);

/** Whose first line is `up`. */
async function startCommand(command: readonly [string, ...string[]]): Promise<Subject> {
  const lines: string[] = [];
  let next = Promise.withResolvers<void>();
  const exit = Promise.withResolvers<Exit & { readonly ordered: boolean }>();
  const life = await startLife({
    name: "subject",
    command,
    executable: command[0],
    directory: tmpdir(),
    environment: {},
    tree: () => findMarked({ run: "none", main: () => life.pid }),
    onLine: (_stream, line) => {
      lines.push(line);
      next.resolve();
    },
    onExit: exit.resolve,
  });
  const line = async (): Promise<string> => {
    for (let text = lines.shift(); ; text = lines.shift()) {
      if (text !== undefined) return text;
      next = Promise.withResolvers();
      await next.promise;
    }
  };
  expect(await line()).toBe("up");
  return { life, line, exit: exit.promise };
}

test.each<[string, readonly Signal[], string, object]>([
  ["by the signal that was sent", ["TERM"], "", { signal: "TERM", ordered: true }],
  ["by KILL, after it had ignored TERM", ["TERM", "KILL"], "on('TERM')", { signal: "KILL", ordered: true }],
  ["with code 0, as an answer to TERM", ["TERM"], "on('TERM', 0)", { code: 0, ordered: true }],
  ["with 143, as an answer to TERM", ["TERM"], "on('TERM', 143)", { code: 143, ordered: true }],
  ["with another code, as an answer to TERM", ["TERM"], "on('TERM', 1)", { code: 1, ordered: false }],
  ["by another signal than was sent", ["TERM"], "on('TERM', 'ABRT')", { signal: "ABRT", ordered: false }],
  ["with code 0, as an answer to HUP", ["HUP"], "on('HUP', 0)", { code: 0, ordered: false }],
  ["by HUP", ["HUP"], "", { signal: "HUP", ordered: false }],
  ["by USR2", ["USR2"], "", { signal: "USR2", ordered: false }],
])("an end %s: %s to %j is %o", async (_how, signals, handler, expected) => {
  const on =
    "const on = (signal, end) => process.on('SIG' + signal, () => end === undefined || (typeof end === 'number' ? process.exit(end) : process.kill(process.pid, 'SIG' + end)))";
  const { life, exit } = await start(`${on}; ${handler}`);
  for (const signal of signals) expect(await life.signal(signal, "main")).toBe(true);
  expect(await exit).toMatchObject(expected);
});

test("whatever ends it after an order was wanted", async () => {
  const { life, exit } = await start("process.on('SIGTERM', () => process.exit(3))");
  life.order();
  await life.signal("TERM", "main");
  expect(await exit).toMatchObject({ code: 3, ordered: true });
});

test("a crash that nobody had heard of when KILL was sent stays a crash", async () => {
  const { life, line, exit } = await start("process.on('SIGUSR2', () => { console.log('bye'); process.abort(); })");
  await life.signal("USR2", "main");
  await line();
  // Whichever of the two is first: the end itself tells.
  await life.signal("KILL", "main");
  const { signal, ordered } = await exit;
  expect(ordered).toBe(signal === "KILL");
});

test.runIf(process.platform === "linux")("of two pauses, the last to be lifted lets it go on", async () => {
  const { life, line, exit } = await start("process.on('SIGHUP', () => console.log(process.pid))");
  await life.signal("HUP", "main");
  const pid = await line();
  const first = await life.pause("main");
  const second = await life.pause("group");
  while (stateOf(pid) !== "T") await new Promise((resolve) => setImmediate(resolve));
  await first?.[Symbol.asyncDispose]();
  await first?.[Symbol.asyncDispose]();
  expect(stateOf(pid)).toBe("T");
  await second?.[Symbol.asyncDispose]();
  await life.signal("HUP", "main");
  expect(await line()).toBe(pid);
  await life.signal("KILL", "main");
  await exit;
  expect(await life.pause("main")).toBeUndefined();
});

/** The kernel lets a child leave the group while STOP is on its way; here its parent moves it, which CONT has let go on without telling anybody. */
test.runIf(process.platform === "linux")(
  "a child that has left the group while it was stopped goes on with it",
  async () => {
    const { life, line, exit } = await startPerl([
      "my $child = fork;",
      "if (!$child) { sleep 1 while 1 }",
      '$SIG{CONT} = sub { setpgrp $child, $child; print "moved\\n" };',
      '$SIG{HUP} = sub { print "$child\\n" };',
    ]);
    await life.signal("HUP", "main");
    const child = await line();
    const pause = await life.pause("group");
    while (stateOf(child) !== "T") await new Promise((resolve) => setImmediate(resolve));
    process.kill(life.pid, "SIGCONT");
    expect(await line()).toBe("moved");
    expect(stateOf(child)).toBe("T");
    await pause?.[Symbol.asyncDispose]();
    while (stateOf(child) === "T") await new Promise((resolve) => setImmediate(resolve));
    await life.signal("KILL", "tree");
    await exit;
  },
);

test.runIf(process.platform === "linux")(
  "a child that its parent has stopped stays so, whatever was stopped before",
  async () => {
    const { life, line, exit } = await startPerl([
      '$SIG{HUP} = sub { my $child = fork; if (!$child) { setpgrp; kill STOP => $$; exit } print "$child\\n" };',
    ]);
    const pauses = [await life.pause("group"), await life.pause("tree")];
    for (const pause of pauses) await pause?.[Symbol.asyncDispose]();
    await life.signal("HUP", "main");
    const child = await line();
    while (stateOf(child) !== "T") await new Promise((resolve) => setImmediate(resolve));
    const pause = await life.pause("group");
    await pause?.[Symbol.asyncDispose]();
    expect(stateOf(child)).toBe("T");
    await life.signal("KILL", "tree");
    await exit;
  },
);

/** As in proc_pid_stat(5): T is stopped. */
function stateOf(pid: string): string | undefined {
  return readFileSync(`/proc/${pid}/stat`, "latin1").split(" ")[2];
}
