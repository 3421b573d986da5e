import * as fc from "fast-check";
import { decode, encode } from "dns-packet";
import { expect, test } from "vitest";
import { refusal } from "./names.ts";

test("every question is answered by NXDOMAIN, whatever comes with it", () => {
  const query = encode({
    type: "query",
    id: 4711,
    flags: 0x0100,
    questions: [{ type: "AAAA", name: "nowhere.test" }],
    additionals: [
      {
        type: "OPT",
        name: ".",
        udpPayloadSize: 1232,
        flags: 0,
        options: [],
        extendedRcode: 0,
        ednsVersion: 0,
        flag_do: false,
      },
    ],
  });
  const reply = decode(Buffer.from(refusal(query) ?? []));
  expect(reply).toMatchObject({ id: 4711, type: "response", rcode: "NXDOMAIN", flag_rd: true, flag_ra: true });
  expect(reply.questions).toEqual([{ type: "AAAA", class: "IN", name: "nowhere.test" }]);
  expect([reply.answers, reply.authorities, reply.additionals]).toEqual([[], [], []]);
});

test("no bytes are too strange", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      const reply = refusal(bytes);
      expect(reply === undefined || reply.length <= bytes.length).toBe(true);
    }),
  );
});
