/** What is at an engine, and how each kind of it is removed. */
import type Docker from "dockerode";
import { messageOf } from "../../errors.ts";
import type { Labels, Listed } from "./engine.ts";
import { statusOf } from "./engine-errors.ts";
import { removeService } from "./engine-swarm.ts";

export async function list(docker: Docker, label: string, ofSwarm: boolean): Promise<readonly Listed[]> {
  const filters = { label: [label] };
  const text = { filters: JSON.stringify(filters) };
  const [containers, networks, { Volumes: volumes }, services, configs] = await Promise.all([
    docker.listContainers({ all: true, filters }),
    docker.listNetworks({ filters }),
    docker.listVolumes({ filters }),
    ofSwarm ? (docker.listServices(text) as Promise<readonly OfSwarm[]>) : [],
    ofSwarm ? (docker.listConfigs(text) as Promise<readonly OfSwarm[]>) : [],
  ]);
  const named = (kind: "service" | "config", found: readonly OfSwarm[]): readonly Listed[] =>
    found.map(({ ID, Spec }) => ({ kind, id: ID, name: Spec?.Name ?? ID, labels: Spec?.Labels ?? {} }));
  return [
    ...named("service", services),
    ...named("config", configs),
    ...containers.map(({ Id, Names, Labels }) => ({
      kind: "container" as const,
      id: Id,
      name: (Names[0] ?? Id).replace(/^\//, ""),
      labels: Labels,
    })),
    ...networks.map(({ Id, Name, Labels = {} }) => ({ kind: "network" as const, id: Id, name: Name, labels: Labels })),
    ...(volumes ?? []).map(({ Name, Labels }) => ({
      kind: "volume" as const,
      id: Name,
      name: Name,
      labels: Labels ?? {},
    })),
  ];
}

interface OfSwarm {
  readonly ID: string;
  readonly Spec?: { readonly Name?: string; readonly Labels?: Labels };
}

export async function remove(docker: Docker, { kind, id }: Listed): Promise<void> {
  try {
    if (kind === "container") await docker.getContainer(id).remove({ force: true, v: true });
    else if (kind === "network") await docker.getNetwork(id).remove();
    else if (kind === "service") await removeService(docker, id);
    else if (kind === "config") await docker.getConfig(id).remove();
    else await docker.getVolume(id).remove({ force: true });
  } catch (error) {
    // Somebody else removes it, too.
    if (statusOf(error) === 404 || /already in progress/.test(messageOf(error))) return;
    throw error;
  }
}
