/** The extended API, below `/sinbin`, where Toxiproxy has nothing: proxies of all planes, faults by our names, and what they do. */
import { z } from "zod";
import { ApiError } from "./errors.ts";
import { changeOf, changesDocument, faultDocument, faultRequestOf, proxyBody, type Change } from "./changes.ts";
import type { RecordedEvent } from "./events.ts";
import { faultCalled } from "./fault.ts";
import { readBody } from "./read.ts";
import { empty, json, type Handler, type Reply, type Route, type Subject } from "./reply.ts";
import { renderError } from "./render.ts";
import { showAll, showFault, showProxy } from "./view.ts";

/** Comments that keep a silent stream alive, and find out that its client is gone. */
const heartbeatMs = 15_000;
const mostStreams = 64;

const pretty = (status: number, value: unknown): Reply => json(status, `${JSON.stringify(value, null, 2)}\n`);

const everything = ({ table, host, events }: Subject): Reply => pretty(200, showAll(table, host, events.last()));

function shownProxy({ table }: Subject, name: string, status = 200): Reply {
  const found = table.list().find((proxy) => proxy.name === name);
  if (found === undefined) throw new ApiError(404, `there is no proxy ${name}`);
  return pretty(status, showProxy(found, table));
}

function shownFault({ table, host }: Subject, name: string, status = 200): Reply {
  const found = faultCalled(name, table.faults());
  if (found === undefined) throw new ApiError(404, `there is no fault ${name}`);
  return pretty(status, showFault(found, host));
}

const putProxy: Handler = async (subject, { names: [name = ""], body }) => {
  const isNew = subject.table.list().every((proxy) => proxy.name !== name);
  await subject.table.apply([{ proxy: { name, ...readBody(proxyBody, body).parsed } }]);
  return shownProxy(subject, name, isNew ? 201 : 200);
};

function removing(change: (name: string) => Change): Handler {
  return async ({ table }, { names: [name = ""] }) => {
    await table.apply([change(name)]);
    return empty(204);
  };
}

function eventOf({ id, time, told }: RecordedEvent): string {
  const { event, fields } = told();
  return `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify({ time, ...fields })}\n\n`;
}

/** From `Last-Event-ID` on, or from now; what is not remembered any more is said to be missing. */
const follow: Handler = ({ host, events }, { lastEventId }) => {
  if (events.readers() >= mostStreams)
    throw new ApiError(503, `${mostStreams} streams of events are open already: close one`);
  const last = events.last();
  const said = lastEventId !== undefined && /^\d{1,15}$/.test(lastEventId) ? Number(lastEventId) : last;
  // One that is not there yet is of a daemon that was here before.
  const from = said > last ? 0 : said;
  return {
    status: 200,
    headers: { "Content-Type": "text/event-stream", "Cache-Control": "no-store" },
    body: "",
    follow(write) {
      const missed = events.since(from);
      const [first] = missed;
      if (first !== undefined && first.id > from + 1)
        write(`event: missing\ndata: ${JSON.stringify({ from: from + 1, to: first.id - 1 })}\n\n`);
      write(`: events\n\n${missed.map(eventOf).join("")}`);
      const listening = events.listen((event) => write(eventOf(event)));
      let heartbeat: Disposable | undefined;
      const beat = (): void => {
        heartbeat = host.clock.timer(heartbeatMs, () => {
          write(":\n\n");
          beat();
        });
      };
      beat();
      return {
        [Symbol.dispose]() {
          listening[Symbol.dispose]();
          heartbeat?.[Symbol.dispose]();
        },
      };
    },
  };
};

/** For editors and generators of clients: draft-07. */
const schema = JSON.stringify(z.toJSONSchema(changesDocument, { io: "input", target: "draft-7" }), null, 2);

const table: Readonly<Record<string, Route["methods"]>> = {
  "/sinbin": { GET: everything },
  "/sinbin/schema": { GET: () => json(200, `${schema}\n`) },
  "/sinbin/events": { GET: follow },
  "/sinbin/authority.pem": {
    GET: async ({ authority }) => ({
      status: 200,
      headers: { "Content-Type": "application/x-pem-file" },
      body: await authority(),
    }),
  },
  "/sinbin/changes": {
    async POST(subject, { body }) {
      const { parsed, raw } = readBody(changesDocument, body);
      await subject.table.apply(parsed.map((change, index) => changeOf(change, (raw as readonly unknown[])[index])));
      return everything(subject);
    },
  },
  "/sinbin/proxies/NAME": {
    GET: (subject, { names: [name = ""] }) => shownProxy(subject, name),
    PUT: putProxy,
    DELETE: removing((remove) => ({ remove })),
  },
  "/sinbin/faults": {
    async POST(subject, { body }) {
      const { parsed, raw } = readBody(faultDocument, body);
      const fault = faultRequestOf(parsed, raw);
      await subject.table.apply([{ fault }]);
      return shownFault(subject, fault.name, 201);
    },
  },
  "/sinbin/faults/NAME": {
    GET: (subject, { names: [name = ""] }) => shownFault(subject, name),
    DELETE: removing((lift) => ({ lift })),
  },
};

const failure = ({ status, message }: ApiError): Reply => json(status, `${renderError(status, message)}\n`);
const whereAllIs = "GET /sinbin returns everything";

export const extendedRoutes: readonly Route[] = Object.entries(table).map(([path, methods]) => ({
  path,
  methods,
  failure,
  otherwise(method) {
    const allowed = Object.keys(methods).join(", ");
    const { headers, ...reply } = failure(
      new ApiError(405, `${path} takes ${allowed}, and no ${method}: ${whereAllIs}`),
    );
    return { ...reply, headers: { ...headers, Allow: allowed } };
  },
}));

export const isExtended = (path: string): boolean => path === "/sinbin" || path.startsWith("/sinbin/");

export const nothingAt = (path: string): Reply => failure(new ApiError(404, `there is no ${path}: ${whereAllIs}`));
