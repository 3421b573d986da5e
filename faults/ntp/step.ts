import { byOrTo, exactlyOneOf } from "../by-or-to.ts";
import { ntpFault } from "./contract.ts";

export const step = ntpFault({
  plane: "ntp",
  kind: "ntp.step",
  soughtAs: ["jump", "shift"],
  about:
    "The server's time jumps, for everybody who asks over the link, and stays wrong until it is stepped back: by so much more, or to so much off the true time (`to: 0s` makes it true again). Several steps add up. It hits when the next reply goes out, unless it was taken back by then.",
  source:
    "RFC 5905, section 11.3 and appendix A (STEPT 128 ms, WATCH 900 s, PANICT 1000 s); PlanetLab users, March 2004 (about 100 nodes that drifted back and jumped by tens of seconds); USNO tick and tock, November 2012 (back to the year 2000); CVE-2015-5300",
  example: "{ by: 40s }",
  pulse: true,
  // Time stays wrong.
  leaves: "anything",
  exactlyOneOf,
  parameters: byOrTo,
  turn: (wrongByMs, { by, to }) => to ?? wrongByMs + (by ?? 0),
  start: () => ({}),
});
