/** What a verifier says of answers that it can't use. */
import { expect, test } from "vitest";
import { stateSchema, wantedSchema } from "./compare.ts";
import { toldBy, toldByNode } from "./told.ts";

test("what PLC refuses is told in PLC's words", () => {
  const fault = {
    code: 103,
    message: "GetSlivers: Failed to authenticate call: PasswordAuth: Incorrect username or password",
  };
  expect(() => toldBy("PLC", { fault }, wantedSchema)).toThrow(
    "PLC says no: 103 GetSlivers: Failed to authenticate call: PasswordAuth: Incorrect username or password",
  );
});

test("what a node refuses is told in its words, be it a fault or a number that is not 0", () => {
  const fault = { code: -32_601, message: "there is no method dump_state" };
  expect(() => toldByNode({ fault }, stateSchema)).toThrow("the node says no: -32601 there is no method dump_state");
  expect(() => toldByNode({ value: [3, "not now"] }, stateSchema)).toThrow("the node says no: 3 not now");
});

test("of an answer that is something else, one line says where", () => {
  const slivers = [{ name: "a_a", keys: [{ key: 7 }] }];
  expect(() => toldBy("PLC", { value: { epoch: 1, serial: 1, slivers } }, wantedSchema)).toThrow(
    /^PLC answers what was not asked for: reply\.slivers\.0\.keys\.0\.key: .*expected string.*$/,
  );
  expect(() => toldByNode({ value: "hello" }, stateSchema)).toThrow(
    /^the node answers what was not asked for: reply: .*$/,
  );
});

test("what fits is handed on", () => {
  const state = { place: null, document_age_ms: null, slivers: [] };
  expect(toldByNode({ value: [0, state] }, stateSchema)).toEqual(state);
});
