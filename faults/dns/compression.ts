import { z } from "zod";
import { dnsFault, type Message } from "./contract.ts";
import { resource } from "./message.ts";
import { wireOf } from "./name.ts";

const pointers = ["self", "loop", "forward", "beyond", "cut", "reserved"] as const;
const headerBytes = 12;
const bytesOfTypeAndClass = 4;

export const compression = dnsFault({
  plane: "dns",
  kind: "dns.compression",
  about:
    "The name of the first answer is a compression pointer to where none may lead: a parser that follows it without counting hangs, and one that does not look where it leads reads what is not its own.",
  source: "RFC 1035, section 4.1.4; RFC 9267, sections 2 and 3, which lists the CVEs",
  example: "{ pointer: self }",
  pulse: false,
  parameters: z.strictObject({
    pointer: z.enum(pointers, `write one of ${pointers.join(", ")}`).meta({
      description:
        "self: to itself; loop: to another one that leads back; forward: to what comes behind it; beyond: behind the end of the message; cut: one byte at the end of the message; reserved: a label of a type that nobody has defined",
      examples: [...pointers],
    }),
  }),
  start: () => ({}),
  after: (reply, _query, _state, { pointer }) => ({ ...reply, message: withPointer(reply.message, pointer) }),
});

const to = (offset: number): readonly number[] => [0xc0 | ((offset >> 8) & 0x3f), offset & 0xff];

function withPointer(message: Message, pointer: (typeof pointers)[number]): Message {
  const at = message.questions.reduce(
    (sum, { name }) => sum + (typeof name === "string" ? wireOf(name) : name).length + bytesOfTypeAndClass,
    headerBytes,
  );
  const names: Readonly<Record<typeof pointer, readonly number[]>> = {
    self: to(at),
    // A label, and behind it the way back.
    loop: [1, 0x61, ...to(at)],
    forward: to(at + 2),
    beyond: to(0x3fff),
    cut: [],
    reserved: [0x41, 0x61, 0],
  };
  const [first = resource(".", "A", 0, { address: "0.0.0.0" }), ...rest] = message.answers;
  const answers = [{ ...first, name: Uint8Array.from(names[pointer]) }, ...rest];
  if (pointer !== "cut") return { ...message, answers };
  const nothing = { answers: [], authorities: [], additionals: [], edns: undefined };
  return { ...message, ...nothing, counts: { ancount: 1 }, trailing: Uint8Array.of(0xc0) };
}
