/** Every call there is. To add one: write its file, add its line. */
import type { PlcCall } from "./contract.ts";
import { getInterfaces, getInterfaceTags, getNodeGroups, getNodeId } from "./nodes.ts";
import { getSlicesMd5 } from "./slices-md5.ts";
import { authCheck, getSession } from "./session.ts";
import { getSlivers } from "./slivers.ts";
import { systemCalls } from "./system.ts";
import { getSliceTicket } from "./ticket.ts";

const list: readonly PlcCall[] = [
  authCheck,
  getSession,
  getSlivers,
  getSliceTicket,
  getSlicesMd5,
  getNodeId,
  getInterfaces,
  getInterfaceTags,
  getNodeGroups,
];

export const calls: ReadonlyMap<string, PlcCall> = new Map(
  [...list, ...systemCalls(list)].map((call) => [call.method, call]),
);
