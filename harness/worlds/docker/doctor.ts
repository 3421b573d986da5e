/** What works of the docker world here, for `sinbin doctor`: each answer comes from a trial, and each "no" with what to do about it. */
import { messageOf } from "../../errors.ts";
import { compilerRemedy } from "../../../host/clock/library.ts";
import { findClockHindrance } from "../local/clock.ts";
import { connectEngine } from "./engine.ts";
import type { Engine } from "./engine.ts";
import { baseImage } from "./images.ts";

export interface DockerFinding {
  readonly what: string;
  readonly works: boolean;
  readonly details: string;
}

/** Two engines of one network, static addresses, weights: what a run asks for. */
const oldestApi = [1, 41];

export async function examineDocker(): Promise<readonly DockerFinding[]> {
  let engine: Engine;
  try {
    engine = await connectEngine();
  } catch (error) {
    return [{ what: "engine", works: false, details: messageOf(error) }];
  }
  using connected = engine;
  const fits = isAtLeast(connected.api, oldestApi);
  return [
    {
      what: "engine",
      works: fits,
      details: fits
        ? `Docker ${connected.version} (${connected.name}), API ${connected.api}`
        : `its API is ${connected.api} (Docker ${connected.version}); install Docker 20.10 or newer`,
    },
    await examineBase(connected),
    examineClocks(),
  ];
}

/** Whether an image can have them is seen when one is used. */
function examineClocks(): DockerFinding {
  const what = "clock";
  const hindrance = findClockHindrance();
  if (hindrance !== undefined) return { what, works: false, details: `${hindrance}; ${compilerRemedy}` };
  const glibc = `images for ${process.arch} with glibc, this machine's or a later one`;
  return { what, works: true, details: `virtual clocks and timekeepers, in ${glibc}` };
}

/** Of two numbers with a dot between them: 1.9 is older than 1.41. */
function isAtLeast(api: string, [major = 0, minor = 0]: readonly number[]): boolean {
  const [ownMajor = 0, ownMinor = 0] = api.split(".").map(Number);
  return ownMajor > major || (ownMajor === major && ownMinor >= minor);
}

async function examineBase(engine: Engine): Promise<DockerFinding> {
  const base = baseImage();
  const what = "base image";
  if ((await engine.findImage(base)) !== undefined) return { what, works: true, details: `${base} is there` };
  const reason = await engine.whyNotPulled(base);
  if (reason === undefined) return { what, works: true, details: `${base} can be pulled` };
  return {
    what,
    works: false,
    details: `${base} is not there and can't be pulled (${reason}); load it by hand, or name another image with Node 24 by SINBIN_BASE_IMAGE`,
  };
}
