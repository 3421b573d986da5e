import { describe } from "vitest";
import { describeHost } from "../host.testing.ts";
import { startSimulatedPair } from "./pair.testing.ts";

describe("the simulated host", () => {
  describeHost(startSimulatedPair);
});
