/** Two real hosts of this machine, for tests. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRealHost } from "../real.ts";
import type { HostPair } from "../talk.testing.ts";
import { createAuthority } from "./certificates.ts";

const authority = await createAuthority();
const other = await createAuthority();
const issued = await authority.issue(["localhost", "127.0.0.1"]);

export async function startRealPair(): Promise<HostPair> {
  const directory = await mkdtemp(join(tmpdir(), "sinbin-host-"));
  const logged: { event: string; fields: Readonly<Record<string, unknown>> }[] = [];
  const log = (event: string, fields = {}): void => void logged.push({ event, fields });
  const base = { directory, seed: 1, log };
  return {
    server: createRealHost({
      ...base,
      name: "server",
      identity: { ...issued, authority: authority.certificate, issuer: authority },
    }),
    client: createRealHost({ ...base, name: "client", identity: { authority: authority.certificate } }),
    stranger: createRealHost({ ...base, name: "stranger", identity: { authority: other.certificate } }),
    asking: (...nameServers) => createRealHost({ ...base, name: "asking", nameServers }),
    place: "127.0.0.1",
    raise: (signal) => void process.kill(process.pid, `SIG${signal}`),
    logged,
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true }),
  };
}

/** Whom the client trusts, PEM. */
export const trusted = authority.certificate;
