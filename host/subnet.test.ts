import { expect, test } from "vitest";
import { subnetOf } from "./subnet.ts";

test.each([
  ["10.0.0.7", "10.0.0.7", true],
  ["10.0.0.7", "10.0.0.8", false],
  ["10.0.0.7", "::ffff:10.0.0.7", true],
  ["10.0.0.0/24", "10.0.0.255", true],
  ["10.0.0.0/24", "10.0.1.0", false],
  ["10.0.0.0/24", "::ffff:10.0.0.9", true],
  ["0.0.0.0/0", "127.0.0.1", true],
  ["fd00::/8", "fd12::1", true],
  ["fd00::/8", "fe80::1", false],
  ["fe80::1", "fe80::1%eth0", true],
  ["10.0.0.7", "", false],
])("%s: %s is in it: %s", (subnet, address, expected) => {
  expect(subnetOf(subnet).contains(address)).toBe(expected);
});
