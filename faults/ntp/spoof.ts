import { z } from "zod";
import { signedDuration } from "../units.ts";
import { ntpFault } from "./contract.ts";
import { wrongBy } from "./packet.ts";

const origins = ["guessed", "wrong"] as const;
const sources = ["server", "elsewhere"] as const;

export const spoof = ntpFault({
  plane: "ntp",
  kind: "ntp.spoof",
  about:
    "Somebody who is not on the way sends a reply of his own, with another time, and is there before the server's. If he can guess the request's Transmit Timestamp, which some clients make of nothing but their clock, nobody can tell; if he can't, his reply must be ignored, and the server's must still count.",
  source: "RFC 5905, section 8; RFC 8633, section 5; CVE-2020-13817 (timestamps that can be predicted); CVE-2015-8138",
  example: "{ by: 1h, origin: wrong }",
  pulse: false,
  parameters: z.strictObject({
    by: signedDuration.meta({ description: "how wrong his time is", strengths: ["1s", "1h"] }),
    origin: z
      .enum(origins, "write guessed or wrong")
      .prefault("wrong")
      .meta({ description: "whether he knows the request", examples: [...origins] }),
    source: z
      .enum(sources, "write server or elsewhere")
      .prefault("server")
      .meta({
        description: "where it seems to come from: the server's address and port, or another port",
        examples: [...sources],
      }),
  }),
  start: () => ({}),
  after(reply, _request, _state, { by, origin, source }, { ordinal, draw }) {
    const forged = wrongBy(reply.packet, by);
    const other = (BigInt(Math.floor(draw("origin", ordinal) * 2 ** 32)) << 32n) | 1n;
    const packet = origin === "guessed" ? forged : { ...forged, origin: other };
    return [{ ...reply, packet, ...(source === "elsewhere" && { fromElsewhere: true as const }) }, reply];
  },
});
