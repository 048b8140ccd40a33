import { KithError } from "../base/errors.ts";
import { parseConfig } from "../host/config.ts";
import type { Handler } from "../host/control.ts";
import type { HostApi } from "../host/host_api.ts";
import { accepted, errorAnswer, lateAnswer, linesAnswer, objectAnswer } from "./answer.ts";
import { readObject, textField } from "./body.ts";
import { deleteEntry, exportLines, getEntry, listEntries, putEntry, readopt, resolveConflict } from "./entries.ts";
import { watchEvents } from "./events.ts";
import { importLines } from "./import.ts";
import { invite, openInvites } from "./invites.ts";
import { grant, memberAnswer, membersFields, revoke } from "./members.ts";
import { getVersion, historyLines } from "./past.ts";
import { answerQuestion, ask, postLines, postMessage, readMessages } from "./messages.ts";
import { connect, createSpace, join, ping } from "./space.ts";
import { conflictsFields, peersFields, statusFields } from "./state.ts";
import { verify } from "./verify.ts";
import { waitFor } from "./wait.ts";
import { readPosition, watchChanges } from "./watch.ts";

interface Call {
  readonly host: HostApi;
  readonly request: Request;
  readonly query: URLSearchParams;
}

type Route = (call: Call) => Response | Promise<Response>;

/** Every path of the API, by method. Fields are described where each is implemented. */
const ROUTES: Readonly<Record<string, Route>> = {
  "GET /v1/status": ({ host }) => objectAnswer(statusFields(host)),
  "GET /v1/peers": ({ host }) => objectAnswer(peersFields(host)),
  "GET /v1/members": ({ host, query }) => objectAnswer(membersFields(host, query)),
  "GET /v1/member": ({ host, query }) => objectAnswer(memberAnswer(host, query)),
  "POST /v1/grant": async ({ host, request }) => objectAnswer(await grant(host, await readObject(request))),
  "POST /v1/revoke": async ({ host, request }) => objectAnswer(await revoke(host, await readObject(request))),
  "GET /v1/conflicts": ({ host }) => objectAnswer(conflictsFields(host)),
  "GET /v1/paths": ({ host }) => objectAnswer({ ...host.paths }),
  "GET /v1/entries": ({ host, query }) => linesAnswer((signal) => listEntries(host, query, signal), host.stopping),
  "GET /v1/export": ({ host, query }) => linesAnswer((signal) => exportLines(host, query, signal), host.stopping),
  "GET /v1/events": ({ host, query }) => linesAnswer((signal) => watchEvents(host, query, signal), host.stopping),
  "GET /v1/watch": ({ host, query }) => linesAnswer((signal) => watchChanges(host, query, null, signal), host.stopping),
  // The position is the body: it may be longer than a URL.
  "POST /v1/watch": async ({ host, query, request }) => {
    const since = await readPosition(request);
    return await linesAnswer((signal) => watchChanges(host, query, since, signal), host.stopping);
  },
  "GET /v1/history": ({ host, query }) => {
    const key = keyOf(query);
    return linesAnswer((signal) => historyLines(host, key, query, signal), host.stopping);
  },
  "GET /v1/entry": ({ host, query }) => {
    const at = query.get("at");
    return at === null ? getEntry(host, keyOf(query)) : getVersion(host, keyOf(query), at);
  },
  "PUT /v1/entry": ({ host, query, request }) => putEntry(host, keyOf(query), query, request),
  "DELETE /v1/entry": ({ host, query }) => deleteEntry(host, keyOf(query), query),
  "POST /v1/resolve": ({ host, query, request }) => resolveConflict(host, keyOf(query), query, request),
  "POST /v1/readopt": async ({ host, request }) => objectAnswer(await readopt(host, await readObject(request))),
  "POST /v1/import": ({ host, request }) => {
    const body = request.body ?? new Blob([]).stream();
    return linesAnswer((signal) => importLines(host, body, signal), host.stopping);
  },
  "POST /v1/wait": async ({ host, request }) => waitFor(host, await readObject(request)),
  "POST /v1/space": async ({ host }) => objectAnswer(await createSpace(host)),
  "POST /v1/invites": async ({ host, request }) => objectAnswer(await invite(host, await readObject(request))),
  "GET /v1/invites": ({ host }) => objectAnswer(openInvites(host)),
  "POST /v1/join": async ({ host, request }) => {
    const fields = await readObject(request);
    return await linesAnswer(() => join(host, fields), host.stopping);
  },
  "POST /v1/leave": async ({ host }) => {
    accepted(await host.request({ type: "leave" }));
    return objectAnswer({ left: true });
  },
  "POST /v1/connect": async ({ host, request }) => objectAnswer(await connect(host, await readObject(request))),
  "GET /v1/messages": ({ host, query }) => linesAnswer((signal) => readMessages(host, query, signal), host.stopping),
  "POST /v1/messages": async ({ host, query, request }) => {
    return query.get("lines") === "1"
      ? postLines(host, query, request)
      : objectAnswer(await postMessage(host, query, request));
  },
  "POST /v1/ask": ({ host, query, request }) => ask(host, query, request),
  "POST /v1/answer": async ({ host, query, request }) => objectAnswer(await answerQuestion(host, query, request)),
  "POST /v1/ping": async ({ host, request }) => objectAnswer(await ping(host, await readObject(request))),
  "POST /v1/backup": async ({ host, request }) => {
    const path = textField(await readObject(request), "path");
    if (path === undefined) throw new KithError("bad_request", { detail: "it has no 'path'" });
    return lateAnswer(async () => ({ path, ...await host.backup(path) }), host.stopping);
  },
  "POST /v1/verify": ({ host }) => linesAnswer((signal) => verify(host, signal), host.stopping),
  "POST /v1/down": ({ host }) => {
    host.stopSoon("asked to stop by 'kith down'");
    return objectAnswer({ stopping: true });
  },
  "GET /v1/config": ({ host }) => objectAnswer({ ...host.config() }),
  "PUT /v1/config": async ({ host, request }) => {
    const config = parseConfig(await readObject(request), host.paths.config);
    host.saveConfig(config);
    return objectAnswer({ ...config });
  },
};

/**
 * The API of a peer: a function from a web request to a web response, the same over the control channel and within
 * this process. Objects are JSON with `"v":1`; times are ms since 1970, sizes bytes; a refusal is
 * `{"v":1,"error":CODE,"exit":N,"message":SENTENCE,…}`.
 */
export function createApi(host: HostApi): Handler {
  return async (request) => {
    const url = new URL(request.url);
    try {
      const route = ROUTES[`${request.method} ${url.pathname}`];
      if (route === undefined) throw new KithError("unknown_path", { method: request.method, path: url.pathname });
      checkQuery(url.search);
      return await route({ host, request, query: url.searchParams });
    } catch (error) {
      return errorAnswer(error);
    }
  };
}

/** Refuses a query whose bytes are not UTF-8, which `searchParams` would replace. @throws {KithError} `invalid_utf8`. */
function checkQuery(search: string): void {
  try {
    decodeURIComponent(search);
  } catch (error) {
    throw new KithError("invalid_utf8", { what: "query" }, error);
  }
}

function keyOf(query: URLSearchParams): string {
  const key = query.get("key");
  if (key === null) throw new KithError("bad_request", { detail: "it has no 'key'" });
  return key;
}
