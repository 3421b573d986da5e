/** Connections that nobody has asked for. */
import { describe, expect, test } from "vitest";
import { stream } from "../random.ts";
import { intruder } from "./intruder.ts";
import type { Visit } from "./contract.ts";

function visits(written: object): (n: number) => Visit | undefined {
  const parameters = intruder.parameters.parse(written);
  return (n) => intruder.visit?.(n, parameters, stream(1, ["intruder"]));
}

describe("intruder", () => {
  test("comes so often and no more, a gap apart, and with the same garbage under the same seed", () => {
    const visit = visits({ what: "garbage", times: 2, gap: "50ms", bytes: "32B" });
    const says = (n: number): string =>
      [...(visit(n)?.says ?? [])].map(({ bytes }) => Buffer.from(bytes).toString("hex")).join();
    expect(visit(1)).toMatchObject({ after: 50, most: 10, end: "close" });
    expect(says(1)).toHaveLength(64);
    expect(says(1)).toBe(says(1));
    expect(says(2)).not.toBe(says(1));
    expect(visit(3)).toBeUndefined();
  });

  test("scans leave at once, one way or the other; a half-open connection says nothing; a slow loris never ends", () => {
    const scan = visits({ what: "scan" });
    expect(new Set(Array.from({ length: 20 }, (_, n) => scan(n + 1)?.end))).toEqual(new Set(["close", "reset"]));
    expect(visits({ what: "half-open" })(1)).toMatchObject({ says: [], end: "stay" });
    const request = visits({ what: "slow-loris", pace: "2s" })(1)?.says ?? [];
    const lines = [...Iterator.from(request).take(1000)];
    expect(lines.map(({ after }) => after)).toEqual([0, ...Array.from({ length: 999 }, () => 2000)]);
    expect(lines.map(({ bytes }) => Buffer.from(bytes).toString()).join("")).not.toContain("\r\n\r\n");
  });

  test("an endless body goes on as it has begun, and is far shorter than it says", () => {
    const says = visits({ what: "endless-body", bytes: "10B", pace: "5ms" })(1)?.says ?? [];
    const [head, ...pieces] = [...Iterator.from(says).take(1000)];
    expect(Buffer.from(head?.bytes ?? []).toString()).toMatch(
      /^POST \/ HTTP\/1\.1\r\n.*Content-Length: \d{13}\r\n\r\n$/s,
    );
    expect(pieces.every(({ after, bytes }) => after === 5 && bytes.length === 10)).toBe(true);
  });
});
