/** For tests: what a client asks. */
import type { Message } from "./message.ts";

export const query: Message = {
  id: 7,
  qr: false,
  opcode: 0,
  aa: false,
  tc: false,
  rd: true,
  ra: false,
  z: false,
  ad: false,
  cd: false,
  rcode: 0,
  answers: [],
  authorities: [],
  additionals: [],
  questions: [{ name: "plc.test", type: "A", class: "IN" }],
};
