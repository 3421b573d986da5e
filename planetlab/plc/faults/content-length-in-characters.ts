import { z } from "zod";
import { plcFault } from "./contract.ts";

export const contentLengthInCharacters = plcFault({
  kind: "plc.content-length-in-characters",
  parameters: z.strictObject({ accents: z.int().min(1).max(10_000).default(100) }),
  begin: ({ accents }, { hit }) => ({
    key: (line) => `${line}${"é".repeat(accents)}`,
    reply(reply) {
      const characters = reply.body.toString().length;
      if (characters === reply.length) return reply;
      hit({ bytes: reply.length, characters });
      return { ...reply, length: characters };
    },
  }),
});
