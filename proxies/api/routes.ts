/** Toxiproxy's routes: which request means what, and the reply's status, type and bytes. */
import { ApiError } from "./errors.ts";
import { extendedRoutes, isExtended, nothingAt } from "./extended.ts";
import {
  empty,
  failure,
  json,
  plain,
  type Asked,
  type Handler,
  type Reply,
  type Route,
  type Subject,
} from "./reply.ts";
import { renderError, renderPopulated, renderProxies, renderProxy, renderToxic, renderToxics } from "./render.ts";
import { readProxies, readProxy, readProxyChange } from "./requests.ts";
import { PopulateError, type ProxyTable } from "./table.ts";

/** Resolves with the reply, whatever is wrong with the request; only what is a bug of ours is thrown. */
export type Action = (asked: Omit<Asked, "names">) => Promise<Reply>;

/** What clients read on `/version`: the release whose API this is. */
const compatibleVersion = "2.12.0";

const changeProxy: Handler = async ({ table }, { names: [proxy = ""], body }) =>
  json(200, renderProxy(await table.change(proxy, () => readProxyChange(body))));
const changeToxic: Handler = async ({ table }, { names: [proxy = "", toxic = ""], body }) =>
  json(200, renderToxic(await table.changeToxic(proxy, toxic, body)));

const compatibleRoutes: readonly Omit<Route, "failure">[] = [
  {
    path: "/proxies",
    methods: {
      GET: ({ table }) => json(200, renderProxies(table.list().map((proxy) => proxy.shown()))),
      POST: async ({ table }, { body }) => json(201, renderProxy(await table.create(readProxy(body)))),
    },
  },
  { path: "/populate", methods: { POST: async ({ table }, { body }) => populate(table, body) } },
  {
    path: "/reset",
    methods: {
      async POST({ table }) {
        await table.reset();
        return empty(204);
      },
    },
  },
  {
    path: "/proxies/NAME",
    methods: {
      GET: ({ table }, { names: [proxy = ""] }) => json(200, renderProxy(table.get(proxy).shown())),
      POST: changeProxy,
      PATCH: changeProxy,
      async DELETE({ table }, { names: [proxy = ""] }) {
        await table.remove(proxy);
        return empty(204);
      },
    },
  },
  {
    path: "/proxies/NAME/toxics",
    methods: {
      GET: ({ table }, { names: [proxy = ""] }) => json(200, renderToxics(table.get(proxy).shown().toxics)),
      POST: async ({ table }, { names: [proxy = ""], body }) =>
        json(200, renderToxic(await table.addToxic(proxy, body))),
    },
  },
  {
    path: "/proxies/NAME/toxics/TOXIC",
    methods: {
      GET: ({ table }, { names: [proxy = "", toxic = ""] }) => json(200, renderToxic(table.toxic(proxy, toxic))),
      POST: changeToxic,
      PATCH: changeToxic,
      async DELETE({ table }, { names: [proxy = "", toxic = ""] }) {
        await table.removeToxic(proxy, toxic);
        return empty(204);
      },
    },
  },
  {
    path: "/version",
    methods: {
      GET: () => ({
        status: 200,
        headers: { "Content-Type": "application/json;charset=utf-8" },
        body: `{"version": "${compatibleVersion}"}\n`,
      }),
    },
  },
  {
    path: "/metrics",
    withMetrics: true,
    methods: {
      "*": ({ metrics }) => ({
        status: 200,
        headers: { "Content-Type": "text/plain; version=0.0.4; charset=utf-8" },
        body: metrics(),
      }),
    },
  },
];

const routes: readonly Route[] = [...compatibleRoutes.map((route) => ({ ...route, failure })), ...extendedRoutes];

/** For the documentation. */
export const routePaths = routes.flatMap(({ path, methods }) =>
  Object.keys(methods).map((method) => ({ path, method })),
);

export interface RouterOptions extends Subject {
  readonly withMetrics: boolean;
}

/** The action of a request, or at once the reply to one that no route takes. */
export type FindAction = (method: string, path: string) => Action | Reply;

export function createRouter({ withMetrics, ...subject }: RouterOptions): FindAction {
  const there = routes
    .filter((route) => withMetrics || route.withMetrics !== true)
    .map((route) => ({ ...route, pattern: new RegExp(`^${route.path.replaceAll(/[A-Z]+/g, "([^/]+)")}$`) }));

  return (method, path) => {
    const clean = cleaned(path);
    if (clean !== path) return { status: 301, headers: { Location: clean }, body: "" };
    for (const route of there) {
      const found = route.pattern.exec(path);
      if (found === null) continue;
      const handler = route.methods[method] ?? route.methods["*"];
      if (handler === undefined) return route.otherwise?.(method) ?? empty(405);
      const names = found.slice(1).map(decoded);
      if (names.includes(undefined)) return plain(400, "400 Bad Request");
      return (asked) => answer(handler, route, subject, { ...asked, names: names as string[] });
    }
    return isExtended(path) ? nothingAt(path) : plain(404, "404 page not found\n");
  };
}

/** Without doubled slashes and dots, as Go's routers ask their clients to say it. */
function cleaned(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}${parts.length > 0 && path.endsWith("/") ? "/" : ""}`;
}

async function answer(handler: Handler, route: Route, subject: Subject, asked: Asked): Promise<Reply> {
  try {
    return await handler(subject, asked);
  } catch (error) {
    if (error instanceof ApiError) return route.failure(error);
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

function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
