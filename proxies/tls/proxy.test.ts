import { describe } from "vitest";
import { startRealPair } from "../../host/real/pair.testing.ts";
import { startSimulatedPair } from "../../host/sim/pair.testing.ts";
import { describeTlsProxy } from "./proxy.testing.ts";

describe("on the real host", () => {
  describeTlsProxy(startRealPair);
});
describe("on the simulated host", () => {
  describeTlsProxy(startSimulatedPair);
});
