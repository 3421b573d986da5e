/** The parameter that says where in the handshake something happens. */
import { z } from "zod";
import { moments } from "./contract.ts";

export const behind = z
  .enum(moments, `write ${moments.slice(0, -1).join(", ")} or ${moments.at(-1)}`)
  .default("client-hello")
  .meta({
    description:
      "how far it comes: the server has the ClientHello and its answer is missing; the client has the ServerHello and not the certificate; it has all that the server says first, and what it answers is lost (with TLS 1.3 it takes itself for connected)",
  });
