import { z } from "zod";
import { plcFault } from "./contract.ts";

export const bigReply = plcFault({
  kind: "plc.big-reply",
  parameters: z.strictObject({
    size: z
      .int()
      .min(0)
      .default(8 * 1024 * 1024),
    limit: z.int().min(0).optional(),
  }),
  begin: ({ size, limit }, { hit }) => ({
    padding(bytes) {
      if (limit === undefined) hit({ size });
      return bytes + size;
    },
    reply(reply) {
      if (limit === undefined || reply.body.length <= limit) return reply;
      hit({ bytes: reply.body.length, limit });
      return { ...reply, body: reply.body.subarray(0, limit), length: limit };
    },
  }),
});
