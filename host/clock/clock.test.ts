/** Real processes with a virtual clock. Clocks are compared with one another, and by factors that no busy machine makes up for. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compileFixture, startStage } from "./clock.testing.ts";
import { buildClockLibrary, compileClockLibrary } from "./library.ts";
import { createClockPage } from "./page.ts";
import type { Regime } from "./page.ts";
import { withVirtualClock } from "./preload.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sinbin-clock-test-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** Prints how far the wall clock and the monotonic clock went on while it slept. */
const sleepers: Readonly<Record<string, (seconds: number) => readonly [string, ...string[]]>> = {
  node: (seconds) => [
    process.execPath,
    "-e",
    `const wall = Date.now(), monotonic = performance.now();
     console.log("asleep");
     setTimeout(() => console.log((Date.now() - wall) / 1000, (performance.now() - monotonic) / 1000), ${seconds * 1000})`,
  ],
  python: (seconds) => [
    "python3",
    "-c",
    `import time
wall, monotonic = time.time(), time.monotonic()
print("asleep", flush=True)
time.sleep(${seconds})
print(time.time() - wall, time.monotonic() - monotonic)`,
  ],
  "python, in a thread": (seconds) => [
    "python3",
    "-c",
    `import time, threading
wall, monotonic = time.time(), time.monotonic()
print("asleep", flush=True)
threading.Event().wait(${seconds})
print(time.time() - wall, time.monotonic() - monotonic)`,
  ],
  "bash, with children": (seconds) => [
    "bash",
    "-c",
    `wall=$(date +%s) monotonic=$SECONDS; echo asleep; sleep ${seconds}; echo $(($(date +%s) - wall)) $((SECONDS - monotonic))`,
  ],
  "node, with a child": (seconds) => [
    process.execPath,
    "-e",
    `const wall = Date.now(), monotonic = performance.now();
     console.log("asleep");
     require("child_process").spawn("sleep", ["${seconds}"]).on("exit", () =>
       console.log((Date.now() - wall) / 1000, (performance.now() - monotonic) / 1000))`,
  ],
};

async function elapsed(line: Promise<string>): Promise<readonly [wall: number, monotonic: number]> {
  const [wall = NaN, monotonic = NaN] = (await line).split(" ").map(Number);
  return [wall, monotonic];
}

describe.concurrent.each(Object.entries(sleepers))("%s", (name, sleeper) => {
  test("sleeps for ten minutes in a second", async () => {
    await using stage = await startStage({ scale: 600 });
    const began = performance.now();
    const process = stage.start(...sleeper(600));
    await process.line();
    const [wall, monotonic] = await elapsed(process.line());
    expect(performance.now() - began).toBeLessThan(100_000);
    expect(Math.min(wall, monotonic)).toBeGreaterThanOrEqual(600 - 1);
  });

  test("sees a step while it sleeps, which does not wake it", async () => {
    await using stage = await startStage({ scale: 60 });
    const process = stage.start(...sleeper(60));
    await process.line();
    stage.clock.step({ wall: 3_600_000 });
    const [wall, monotonic] = await elapsed(process.line());
    expect(wall).toBeGreaterThan(3660 - 2);
    expect(monotonic).toBeGreaterThanOrEqual(60 - 1);
    // Bash has no other clock than that on the wall.
    expect(wall - monotonic > 1800).toBe(!name.startsWith("bash"));
  });

  test("wakes when its clock has got so far, however fast that goes", async () => {
    await using stage = await startStage();
    const process = stage.start(...sleeper(3600));
    await process.line();
    stage.clock.setPace({ rate: 36_000, wall: 1 });
    const [wall, monotonic] = await elapsed(process.line());
    expect(Math.min(wall, monotonic)).toBeGreaterThanOrEqual(3600 - 1);
  });

  test("sleeps on while its clock stands still", async () => {
    await using stage = await startStage();
    await using other = await startStage();
    const process = stage.start(...sleeper(0.2));
    await process.line();
    stage.clock.setPace({ rate: 0, wall: 1 });
    await stage.seen({ at: "any" });
    let isThawed = false;
    const over = process.rest().then(() => isThawed);
    for (let n = 0; n < 3; n++) await other.run(...sleeper(0.2));
    isThawed = true;
    stage.clock.setPace({ rate: 1, wall: 1 });
    expect(await over).toBe(true);
  });
});

describe("curl", () => {
  test("gives up after its own time", async () => {
    const server = createServer(() => {}).listen(0, "127.0.0.1");
    await once(server, "listening");
    try {
      await using stage = await startStage({ scale: 600 });
      const { port } = server.address() as AddressInfo;
      const script = `curl -s --max-time 600 http://127.0.0.1:${port}/ -w '%{time_total}\\n'; echo $?`;
      const [total, code] = await stage.run("bash", "-c", script);
      expect(code).toBe("28");
      expect(Number(total)).toBeGreaterThanOrEqual(600 - 1);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});

const ways =
  "nanosleep sleep usleep poll ppoll select pselect epoll_wait epoll_pwait2 condition futex sigtimedwait alarm setitimer timer timerfd";
const waysUntil = "nanosleep condition semaphore mutex futex timer timerfd".split(" ").map((way) => `until-${way}`);

describe("whoever waits", () => {
  let program = "";
  beforeAll(async () => {
    program = await compileFixture("waits", folder);
  });

  test.each([...ways.split(" "), ...waysUntil])("%s: for an hour is done when time runs faster", async (way) => {
    await using stage = await startStage();
    const process = stage.start(program, way);
    expect(await process.line()).toBe("waiting");
    stage.clock.setPace({ rate: 36_000, wall: 1 });
    expect(await process.rest()).toEqual(["over"]);
  });

  test.each(waysUntil)("%s: for a moment of the wall clock is done when that steps over it", async (way) => {
    await using stage = await startStage();
    const process = stage.start(program, way);
    expect(await process.line()).toBe("waiting");
    stage.clock.step({ wall: 3_600_000 });
    expect(await process.rest()).toEqual(["over"]);
  });

  test.each(["receive", "select", "until-semaphore"])("%s: for an hour waits a tenth of a second", async (way) => {
    await using stage = await startStage({ scale: 36_000 });
    expect(await stage.run(program, way)).toEqual(["waiting", "over"]);
  });
});

describe("a timer that comes again and again", () => {
  let program = "";
  beforeAll(async () => {
    program = await compileFixture("ticks", folder);
  });

  test.each(["setitimer", "timer", "timerfd", "unread-timerfd"])(
    "%s: comes no more often when the wall clock steps, and what has come is not lost",
    async (way) => {
      await using stage = await startStage();
      const process = stage.start(program, way);
      expect(await process.line()).toBe("ticking");
      for (let n = 0; n < 3; n++) {
        stage.clock.step({ wall: 1000 });
        // Nobody else looks at a clock: the timer was told anew.
        await stage.seen({ at: "any" });
      }
      process.endInput();
      expect(await process.rest()).toEqual(["1"]);
    },
  );
});

describe("clocks", () => {
  test.each([
    ["REALTIME", true],
    ["TAI", true],
    ["MONOTONIC", false],
    ["MONOTONIC_RAW", false],
    ["BOOTTIME", false],
  ])("CLOCK_%s: a step of the wall clock concerns it: %s", async (name, moves) => {
    await using stage = await startStage();
    const script = `import sys, time
print(time.clock_gettime(time.CLOCK_${name}), flush=True)
sys.stdin.read()
print(time.clock_gettime(time.CLOCK_${name}))`;
    const process = stage.start("python3", "-c", script);
    const before = Number(await process.line());
    stage.clock.step({ wall: 86_400_000 });
    process.endInput();
    const [after] = await process.rest();
    expect(Math.round((Number(after) - before) / 86_400)).toBe(moves ? 1 : 0);
  });

  test("of a process and of its children are not the same, if they shall differ", async () => {
    await using stage = await startStage();
    stage.clock.setOthers(86_400_000);
    const script = `import time, subprocess
own = time.time()
print(float(subprocess.check_output(["date", "+%s.%N"])) - own)`;
    // Whatever finds a Python for us on the PATH must not be the main process itself.
    const [apart] = await stage.run("python3", "-c", script);
    expect(Number(apart) / 86_400).toBeCloseTo(1, 1);
  });

  test("are there beside what is preloaded already", async () => {
    const other = await compileFixture("other", folder, "-shared", "-fPIC");
    await using stage = await startStage({ env: { LD_PRELOAD: other } });
    stage.clock.step({ wall: 86_400_000 });
    const began = Date.now() / 1000;
    const said = await stage.run("python3", "-c", "import os, time\nprint(os.getlogin())\nprint(time.time())");
    expect([said[0], Math.round((Number(said[1]) - began) / 86_400)]).toEqual(["other", 1]);
  });

  test("can't be set by whom they are shown to", async () => {
    await using stage = await startStage();
    const script = `import time
try: time.clock_settime(time.CLOCK_REALTIME, time.time())
except PermissionError: print("refused")`;
    expect(await stage.run("python3", "-c", script)).toEqual(["refused"]);
  });

  test("have been seen when somebody has looked, and not before", async () => {
    await using stage = await startStage();
    const seen: string[] = [];
    stage.clock.onSeen({ at: "wall" }, () => seen.push("first"));
    const reader = stage.start(
      "python3",
      "-c",
      "import sys, time\nprint(time.time())\nsys.stdout.flush()\nsys.stdin.read()",
    );
    await reader.line();
    await stage.seen({ at: "wall" });
    expect(seen).toEqual(["first"]);
    stage.clock.step({ wall: 1000 });
    stage.clock.onSeen({ at: "wall" }, () => seen.push("second"));
    // It waits for its input, and looks at nothing.
    await (await startStage())[Symbol.asyncDispose]();
    expect(seen).toEqual(["first"]);
    reader.endInput();
    await reader.rest();
    await stage.run("date");
    await stage.seen({ at: "wall" });
    expect(seen).toEqual(["first", "second"]);
  });

  test("of a machine that was suspended differ by that", async () => {
    await using stage = await startStage();
    const script = `import time
print(time.clock_gettime(time.CLOCK_BOOTTIME) - time.clock_gettime(time.CLOCK_MONOTONIC))`;
    stage.clock.step({ wall: 7_200_000, boottime: 7_200_000 });
    const [apart] = await stage.run("python3", "-c", script);
    expect(Number(apart) / 7200).toBeCloseTo(1, 1);
  });

  test("run by what somebody steers them by, of whatever pace they have, and whoever waits by them does", async () => {
    await using stage = await startStage();
    const { clock } = stage.clock;
    stage.clock.setPace({ rate: 0.5, wall: 1 });
    stage.clock.setSlew(200);
    const began = { before: performance.now(), shown: clock.monotonic(), wall: clock.wall(), after: performance.now() };
    // A minute takes less than one.
    await Promise.all([clock.sleep(60_000), stage.run("sleep", "60")]);
    const ended = { before: performance.now(), shown: clock.monotonic(), wall: clock.wall(), after: performance.now() };
    const [most, least] = [ended.after - began.before, ended.before - began.after];
    for (const passed of [ended.shown - began.shown, ended.wall - began.wall]) {
      expect(passed).toBeGreaterThanOrEqual(60_000);
      expect(passed).toBeGreaterThan(99 * least);
      expect(passed).toBeLessThan(101 * most);
    }
    expect(stage.clock.wasSeen()).toBe(true);
    stage.clock.step({ wall: -3_600_000 });
    expect(clock.wall() - began.wall).toBeLessThan(0);
  });

  test("never go back, and are never half old, whatever is written while sixteen threads look", async () => {
    const program = await compileFixture("clocks", folder);
    const path = join(folder, "page");
    using page = createClockPage(path);
    // All of them are the same clock at the moment that they begin, and told from another moment, years apart.
    let now: Regime = { raw: 0n, monotonic: 0n, wall: 0n, boot: 0n, rate: 1, wallRate: 1 };
    let far = 0n;
    const rates = [1, 60, 0, 0.5];
    let written = 0;
    const write = (): void => {
      page.write((raw) => {
        const passed = raw - now.raw;
        const on = (base: bigint): bigint =>
          base + (now.rate === 1 ? passed : BigInt(Math.trunc(Number(passed) * now.rate)));
        const rate = rates[written++ % rates.length] ?? 1;
        now = { raw, monotonic: on(now.monotonic), wall: on(now.wall), boot: 0n, rate, wallRate: rate };
        far = rate === 1 ? 100_000_000_000_000_000n : 0n;
        const told = { ...now, raw: raw - far, monotonic: now.monotonic - far, wall: now.wall - far };
        return [told, told];
      });
    };
    write();
    const [file = "", ...args] = withVirtualClock([program], {
      library: await buildClockLibrary(),
      page: path,
      parent: process.pid,
    });
    const child = spawn(file, args, { stdio: ["pipe", "pipe", "inherit"] });
    const exit = once(child, "close");
    let said = "";
    child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
    await once(child.stdout, "data");
    for (let n = 0; n < 5_000; n++) {
      write();
      if (n % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    child.stdin.end();
    expect([await exit, said]).toEqual([[0, null], expect.stringMatching(/^looking\n\d+\n$/)]);
  });
});

/** Its path, or why there is none. */
function build(environment: NodeJS.ProcessEnv): Promise<{ readonly stdout: string }> {
  const script = `import { buildClockLibrary } from ${JSON.stringify(new URL("library.ts", import.meta.url).href)};
buildClockLibrary().then(console.log, (error) => console.log(error.message));`;
  return promisify(execFile)(process.execPath, ["--input-type=module-typescript", "-e", script], {
    env: { ...process.env, ...environment },
  });
}

describe("the library", () => {
  test("is made once by two who need it at once", async () => {
    const cache = await mkdtemp(join(folder, "cache-"));
    const made = await Promise.all([build({ XDG_CACHE_HOME: cache }), build({ XDG_CACHE_HOME: cache })]);
    const [one, other] = made.map(({ stdout }) => stdout.trim());
    expect(one).toBe(other);
    expect((await readdir(join(cache, "sinbin"))).map((name) => join(cache, "sinbin", name))).toEqual([one]);
  });

  test("has nothing that this machine's compiler would warn of", async () => {
    const strictly = compileClockLibrary(join(folder, "strict.so"), "-Wall", "-Wextra", "-Werror");
    await expect(strictly).resolves.toBeUndefined();
  });

  test.each([
    ["", "empty"],
    ["cache", "relative"],
  ])("is not kept in XDG_CACHE_HOME=%s, which is %s", async (cache) => {
    const home = await mkdtemp(join(folder, "home-"));
    const { stdout } = await build({ XDG_CACHE_HOME: cache, HOME: home });
    expect(stdout.trim()).toMatch(new RegExp(`^${home}/\\.cache/sinbin/clock-`));
  });

  test("says what to write where the loader could not find it", async () => {
    const { stdout } = await build({ XDG_CACHE_HOME: `${folder}/a b` });
    expect(stdout.trim()).toBe(
      `the library of virtual clocks can't be preloaded from ${folder}/a b/sinbin: set XDG_CACHE_HOME to a path without blanks and colons`,
    );
  });

  test("says what to install where nothing compiles it", async () => {
    const { stdout } = await build({ PATH: "/nowhere", XDG_CACHE_HOME: folder });
    expect(stdout.trim()).toBe(
      "the library of virtual clocks can't be compiled: there is no cc on the PATH; apt-get install gcc libc6-dev",
    );
  });
});
