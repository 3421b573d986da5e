import { z } from "zod";
import { size } from "../units.ts";
import { dnsFault } from "./contract.ts";
import { questionOf, resource } from "./message.ts";

const mostBytesOfText = 255;

export const oversize = dnsFault({
  plane: "dns",
  kind: "dns.oversize",
  about:
    "Over UDP a reply is larger than the client said it takes, filled up by TXT records in the additional section, and no TC: it comes in fragments, or does not fit into the buffer of whoever reads it.",
  source: "RFC 6891, section 6.2.5; RFC 9715; DNS flag day 2020",
  example: "{ size: 4KiB }",
  pulse: false,
  parameters: z.strictObject({
    size: size.prefault("4KiB").meta({
      description: "of the message, about: one TXT record of 255 bytes of text at least is put in, and only whole ones",
      strengths: ["1500B", "60KiB"],
    }),
  }),
  start: () => ({}),
  after(reply, query, _state, { size: bytes }, { transport }) {
    const name = questionOf(query)?.name;
    if (transport === "tcp" || name === undefined) return undefined;
    const filler = { texts: [new TextEncoder().encode("x".repeat(mostBytesOfText))] };
    // Its name is a pointer.
    const count = Math.min(Math.ceil(bytes / (mostBytesOfText + 13)), 240);
    const more = Array.from({ length: count }, () => resource(name, "TXT", 0, filler));
    const { message } = reply;
    return { ...reply, oversize: true, message: { ...message, additionals: [...more, ...message.additionals] } };
  },
});
