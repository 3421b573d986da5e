/** What a fault decides about a connection, as a fault of TCP: so that the links which carry bytes carry it out, hold, lift and find its hits. */
import type { ClientHello } from "../../host/client-hello.ts";
import type { TcpData, TcpFault, TcpItem } from "../../faults/tcp/contract.ts";
import { cutAt, endOf } from "../../faults/tcp/cut.ts";
import { ended } from "../../faults/tcp/ending.ts";
import type { Break, Ending, TlsFault } from "../../faults/tls/contract.ts";

/** Type, version and length of a record (RFC 8446, section 5.1). */
const recordHeader = 5;

/** What the client has said, null if that is no TLS, undefined if it is not known yet. */
export type Heard = () => ClientHello | null | undefined;

/** On what passes in TLS, before anybody ends it. A server that says something before the client is none of TLS. */
export function breakAsTcp(fault: TlsFault, { behind, by }: Break, heard: Heard): TcpFault {
  const broken = (rest: TcpData): TcpItem =>
    by === "hold" ? { ...rest, due: Infinity } : { type: by === "fin" ? "close" : "rst", due: rest.due };
  const breakAt = (item: TcpData, offset: number): TcpItem | readonly TcpItem[] => {
    if (endOf(item) <= offset) return item;
    const [before, rest] = cutAt(item, offset);
    return before.bytes.length === 0 ? broken(rest) : [before, broken(rest)];
  };

  if (behind === "server-flight") {
    // The next that the client says: it says nothing before it has all of the server's.
    return asTcp(fault, "upstream", { met: false }, (item, state) => {
      const hello = heard();
      if (item.type !== "data" || !hello) return item;
      state.met ||= item.offset <= hello.length;
      return state.met ? breakAt(item, hello.length) : item;
    });
  }
  const nothing = new Uint8Array(0);
  return asTcp(fault, "downstream", { met: false, head: nothing }, (item, state) => {
    if (item.type !== "data" || !heard()) return item;
    state.met ||= item.offset === 0;
    if (!state.met) return item;
    if (behind === "client-hello") return breakAt(item, 0);
    if (state.head.length < recordHeader)
      state.head = Buffer.concat([state.head, item.bytes]).subarray(0, recordHeader);
    if (state.head.length < recordHeader) return item;
    return breakAt(item, recordHeader + Buffer.from(state.head).readUInt16BE(recordHeader - 2));
  });
}

/** On what passes within TLS. Undefined if the proxy ends nothing by itself. */
export function endingAsTcp(fault: TlsFault, { after, afterBytes }: Ending): TcpFault | undefined {
  if (after === undefined && afterBytes === undefined) return undefined;
  return asTcp(fault, "downstream", { met: -1 }, (item, state, context) =>
    ended("close", item, state, { after, afterBytes }, context),
  );
}

function asTcp<State extends object>(
  { kind, about, example, pulse, parameters }: TlsFault,
  direction: TcpFault["direction"],
  beginning: State,
  map: (item: TcpItem, state: State, context: Parameters<TcpFault["map"]>[3]) => TcpItem | readonly TcpItem[],
): TcpFault {
  return {
    plane: "tcp",
    kind,
    about,
    example,
    pulse,
    parameters,
    direction,
    start: () => ({ ...beginning }),
    map: (item, state, _parameters, context) => map(item, state as State, context),
  };
}
