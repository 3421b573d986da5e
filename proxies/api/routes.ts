/** Toxiproxy's routes: which request means what, and the reply's status, type and bytes. */
import { ApiError } from "./errors.ts";
import { renderMetrics } from "./metrics.ts";
import { renderError, renderPopulated, renderProxies, renderProxy, renderToxic, renderToxics } from "./render.ts";
import { readProxies, readProxy, readProxyChange } from "./requests.ts";
import { PopulateError, type ProxyTable } from "./table.ts";

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Resolves with the reply, whatever is wrong with the request; only what is a bug of ours is thrown. */
export type Action = (body: string) => Promise<Reply>;

/** What clients read on `/version`: the release whose API this is. */
const compatibleVersion = "2.12.0";

type Handler = (table: ProxyTable, names: readonly string[], body: string) => Reply | Promise<Reply>;

interface Route {
  readonly pattern: RegExp;
  /** By method; `*` is any. */
  readonly methods: Readonly<Record<string, Handler>>;
  readonly withMetrics?: true;
}

const changeProxy: Handler = async (table, [proxy = ""], body) =>
  json(200, renderProxy(await table.change(proxy, () => readProxyChange(body))));
const changeToxic: Handler = async (table, [proxy = "", toxic = ""], body) =>
  json(200, renderToxic(await table.changeToxic(proxy, toxic, body)));

const routes: readonly Route[] = [
  {
    pattern: /^\/proxies$/,
    methods: {
      GET: (table) => json(200, renderProxies(table.list().map((proxy) => proxy.shown()))),
      POST: async (table, _names, body) => json(201, renderProxy(await table.create(readProxy(body)))),
    },
  },
  { pattern: /^\/populate$/, methods: { POST: async (table, _names, body) => populate(table, body) } },
  {
    pattern: /^\/reset$/,
    methods: {
      async POST(table) {
        await table.reset();
        return empty(204);
      },
    },
  },
  {
    pattern: /^\/proxies\/([^/]+)$/,
    methods: {
      GET: (table, [proxy = ""]) => json(200, renderProxy(table.get(proxy).shown())),
      POST: changeProxy,
      PATCH: changeProxy,
      async DELETE(table, [proxy = ""]) {
        await table.remove(proxy);
        return empty(204);
      },
    },
  },
  {
    pattern: /^\/proxies\/([^/]+)\/toxics$/,
    methods: {
      GET: (table, [proxy = ""]) => json(200, renderToxics(table.get(proxy).shown().toxics)),
      POST: async (table, [proxy = ""], body) => json(200, renderToxic(await table.addToxic(proxy, body))),
    },
  },
  {
    pattern: /^\/proxies\/([^/]+)\/toxics\/([^/]+)$/,
    methods: {
      GET: (table, [proxy = "", toxic = ""]) => json(200, renderToxic(table.toxic(proxy, toxic))),
      POST: changeToxic,
      PATCH: changeToxic,
      async DELETE(table, [proxy = "", toxic = ""]) {
        await table.removeToxic(proxy, toxic);
        return empty(204);
      },
    },
  },
  {
    pattern: /^\/version$/,
    methods: {
      GET: () => ({
        status: 200,
        headers: { "Content-Type": "application/json;charset=utf-8" },
        body: `{"version": "${compatibleVersion}"}\n`,
      }),
    },
  },
  {
    pattern: /^\/metrics$/,
    withMetrics: true,
    methods: {
      "*": (table) => ({
        status: 200,
        headers: { "Content-Type": "text/plain; version=0.0.4; charset=utf-8" },
        body: renderMetrics(table.list()),
      }),
    },
  },
];

export interface RouterOptions {
  readonly table: ProxyTable;
  readonly metrics: boolean;
}

/** The action of a request, or at once the reply to one that no route takes. */
export type FindAction = (method: string, path: string) => Action | Reply;

export function createRouter({ table, metrics }: RouterOptions): FindAction {
  const there = routes.filter(({ withMetrics }) => metrics || withMetrics !== true);

  return (method, path) => {
    const clean = path.replaceAll(/\/{2,}/g, "/");
    if (clean !== path) return { status: 301, headers: { Location: clean }, body: "" };
    for (const { pattern, methods } of there) {
      const found = pattern.exec(path);
      if (found === null) continue;
      const handler = methods[method] ?? methods["*"];
      if (handler === undefined) return empty(405);
      const names = found.slice(1).map(decoded);
      if (names.includes(undefined)) return plain(400, "400 Bad Request");
      return (body) => answer(handler, table, names as string[], body);
    }
    return plain(404, "404 page not found\n");
  };
}

async function answer(handler: Handler, table: ProxyTable, names: readonly string[], body: string): Promise<Reply> {
  try {
    return await handler(table, names, body);
  } catch (error) {
    if (error instanceof ApiError) return failure(error);
    throw error;
  }
}

async function populate(table: ProxyTable, body: string): Promise<Reply> {
  try {
    return json(201, `{"proxies":${renderPopulated(await table.populate(readProxies(body)))}}`);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const done = error instanceof PopulateError ? error.done : [];
    const head = renderError(error.status, error.message).slice(0, -1);
    return json(error.status, `${head},"proxies":${renderPopulated(done)}}`);
  }
}

function json(status: number, body: string): Reply {
  return { status, headers: { "Content-Type": "application/json" }, body };
}

function empty(status: number): Reply {
  return { status, headers: {}, body: "" };
}

/** As Go's `http.Error` has it. */
export function plain(status: number, body: string): Reply {
  const headers = { "Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff" };
  return { status, headers, body };
}

export function failure({ status, message }: ApiError): Reply {
  return plain(status, `${renderError(status, message)}\n`);
}

function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
