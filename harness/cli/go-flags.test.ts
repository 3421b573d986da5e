import { expect, test } from "vitest";
import { fromGoFlags } from "./go-flags.ts";

test.each([
  ["-host=0.0.0.0", "proxy --host=0.0.0.0"],
  ["-host 0.0.0.0 -port 9", "proxy --host=0.0.0.0 --port=9"],
  ["--host=0.0.0.0 --config=/a=b.json", "proxy --host=0.0.0.0 --config=/a=b.json"],
  ["proxy -port=8474 -seed 5", "proxy --port=8474 --seed=5"],
  ["proxy -runtime-metrics -proxy-metrics", "proxy --runtime-metrics --metrics"],
  ["proxy -runtime-metrics=false --proxy-metrics=T", "proxy --metrics"],
  ["proxy --metrics=false --runtime-metrics=0", "proxy"],
  ["proxy --metrics=true", "proxy --metrics"],
  ["proxy -proxy-metrics=perhaps", "proxy -proxy-metrics=perhaps"],
  ["proxy -config=", "proxy"],
  ["proxy -host", "proxy --host"],
  ["-version", "--version"],
  ["--version", "--version"],
  ["proxy 8080 db.test:5432 --fault x", "proxy 8080 db.test:5432 --fault x"],
  ["proxy -hots=x", "proxy -hots=x"],
  ["run -host=x", "run -host=x"],
])("%s means: %s", (words, meaning) => {
  expect(fromGoFlags(words.split(" ")).join(" ")).toBe(meaning);
});
