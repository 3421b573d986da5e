/** Words of whom a fault acts on that would do nothing, or not what they say, are refused as in plans. */
import { expect, test } from "vitest";
import { startTestApi } from "./api.testing.ts";

test.each([
  [{ "tcp.refuse": {}, probability: "0%" }, "probability: leave out probability: this fault shuts the door"],
  [{ "tcp.refuse": null, nth: 2 }, "nth: leave out nth: this fault shuts the door, for everybody"],
  [{ "tcp.unanswered": {}, probability: "0%" }, "leave out probability: this fault silences the door, for everybody"],
  [{ "tcp.intruder": { what: "scan" }, every_nth: 2 }, "leave out every_nth: this fault makes connections of its own"],
  [{ "tcp.close_on_accept": {}, direction: "downstream" }, "tcp.close-on-accept acts upstream only"],
  [{ "tcp.connections": { most: 1 }, direction: "downstream" }, "tcp.connections acts upstream only"],
  [{ "tcp.slow_connect": { delay: "1s" }, direction: "downstream" }, "acts upstream only, and would hit nothing"],
  [{ "dns.refuse": {}, first: 1 }, "leave out first: this fault shuts the port, for everybody"],
  [{ "dns.slow": { by: "1s" }, leg: "client" }, "leave out leg: dns faults have a place of their own"],
  [{ "ntp.step": { to: "0s" }, first: 1 }, "leave out first: this fault steps the server's time"],
  [{ "tcp.reset": {}, first: 1, every_nth: 2 }, "first: leave out first: every_nth: 2 begins behind the first 1"],
  [{ "http.status": { code: 503 }, direction: "both" }, "leave out direction: http faults say by themselves"],
])("%j: %s", async (fault, complaint) => {
  await using api = await startTestApi();
  const { status, text } = await api.call("POST", "/sinbin/faults", { ...fault, where: "x" });
  expect([status, JSON.parse(text)]).toEqual([400, { status: 400, error: expect.stringContaining(complaint) }]);
});
