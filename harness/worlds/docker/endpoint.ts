/**
 * Which engine is meant, as Docker's own command line finds it: `DOCKER_HOST`, else the context that `DOCKER_CONTEXT` or `docker context use` names,
 * else the machine's own.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { WorldError } from "../../errors.ts";

export interface Endpoint {
  /** For people: "DOCKER_HOST=tcp://…", "the context farm", "this machine". */
  readonly name: string;
  /** Variables of the environment that lead every client there; none for the machine's own engine. */
  readonly variables: Readonly<Record<string, string>>;
}

const configuration = z.object({ currentContext: z.string().optional() });
const metadata = z.object({ Endpoints: z.object({ docker: z.object({ Host: z.string() }) }) });

/** @throws {WorldError} if there is no such context. */
export function findEndpoint(environment: Readonly<Record<string, string | undefined>>): Endpoint {
  const host = environment["DOCKER_HOST"];
  if (host !== undefined && host !== "") return { name: `DOCKER_HOST=${host}`, variables: {} };
  const folder = environment["DOCKER_CONFIG"] ?? join(homedir(), ".docker");
  const context = environment["DOCKER_CONTEXT"] ?? currentContext(join(folder, "config.json"));
  if (context !== undefined && context !== "" && context !== "default") return endpointOf(context, folder);
  // The engine of an ordinary user (rootless) has its socket where the user's things are.
  const own = join(environment["XDG_RUNTIME_DIR"] ?? "/nowhere", "docker.sock");
  if (!existsSync("/var/run/docker.sock") && existsSync(own))
    return { name: `the engine of ${own}`, variables: { DOCKER_HOST: `unix://${own}` } };
  return { name: "this machine", variables: {} };
}

function currentContext(path: string): string | undefined {
  try {
    return configuration.parse(JSON.parse(readFileSync(path, "utf8"))).currentContext;
  } catch {
    return undefined;
  }
}

/** Where `docker context create` keeps what it was told: in folders whose names are digests. */
function endpointOf(context: string, folder: string): Endpoint {
  const digest = createHash("sha256").update(context).digest("hex");
  const path = join(folder, "contexts", "meta", digest, "meta.json");
  try {
    const { Host } = metadata.parse(JSON.parse(readFileSync(path, "utf8"))).Endpoints.docker;
    const certificates = join(folder, "contexts", "tls", digest, "docker");
    const secure = existsSync(certificates) ? { DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: certificates } : {};
    return { name: `the context ${context}`, variables: { DOCKER_HOST: Host, ...secure } };
  } catch (cause) {
    throw new WorldError(`there is no Docker context called ${context}: see "docker context ls", or set DOCKER_HOST`, {
      cause,
    });
  }
}
