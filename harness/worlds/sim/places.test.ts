/** Stack traces look the same wherever the files are. */
import { expect, test } from "vitest";
import { neutralPlaces } from "./places.ts";

test("a file of sinbin counts from its own folder, whether its place is a URL or a path", () => {
  const here = import.meta.url;
  const there = "/home/you/daemon";
  expect(neutralPlaces(`    at main (${here}:10:5)`, there)).toBe(
    "    at main (harness/worlds/sim/places.test.ts:10:5)",
  );
  expect(neutralPlaces(`    at ${here.slice("file://".length)}:10:5`, there)).toBe(
    "    at harness/worlds/sim/places.test.ts:10:5",
  );
});

test.each(["/home/you/daemon", "/srv/a b"])("another file counts from the folder of the program, in %s", (folder) => {
  const url = `file://${encodeURI(folder)}`;
  const stack = `Error: boom\n    at main (${url}/main.ts:1:2)\n    at ${url}/lib/parts.ts:3:4`;
  expect(neutralPlaces(stack, folder)).toBe("Error: boom\n    at main (main.ts:1:2)\n    at lib/parts.ts:3:4");
});

test("a place inside of JSON is a place, too", () => {
  const fields = JSON.stringify({ stack: "Error: boom\n    at main (file:///srv/daemon/main.ts:1:2)" });
  expect(neutralPlaces(fields, "/srv/daemon")).toBe(
    JSON.stringify({ stack: "Error: boom\n    at main (main.ts:1:2)" }),
  );
});

test("a package is where packages are, however deep", () => {
  const line = "    at decode (/home/you/node_modules/x/node_modules/dns-packet/index.js:7:9)";
  expect(neutralPlaces(line, "/srv/daemon")).toBe("    at decode (node_modules/dns-packet/index.js:7:9)");
});

test.each([
  "GET /xml/slices.xml failed",
  "http://plc.test/xml:80:81 is down",
  "at 12:30:15",
  "    at process.processImmediate (node:internal/timers:574:21)",
  "read ../up.ts:1:2",
])("what is no place on this machine stays as it is: %s", (text) => {
  expect(neutralPlaces(text, "/srv/daemon")).toBe(text);
});
