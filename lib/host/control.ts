import { toHex, utf8Decode, utf8Encode } from "../base/bytes.ts";
import { KithError } from "../base/errors.ts";
import { CLOSE_TIMEOUT_MS, MAX_CONFIG_BYTES } from "../base/limits.ts";
import type { Random } from "../base/random.ts";
import { constantTimeEqual } from "../crypto/hash.ts";
import { fileError, readFileCapped, removeIfThere, writeFileWhole } from "./file_error.ts";
import type { HomePaths } from "./home.ts";
import { controlPath } from "./runtime_folder.ts";

/** Answers a request of a local program. */
export type Handler = (request: Request) => Promise<Response>;

/** By which means local programs reach a peer: a unix socket, or TCP on loopback with a token from a private file. */
export type ControlMeans = "unix" | "tcp";

/** A running control channel. */
export interface ControlServer {
  /** Ends it; answers under way get CLOSE_TIMEOUT_MS. @throws what the file system throws, once it has ended. */
  stop(): Promise<void>;
}

/** The way to the control channel of a peer in another process. */
export interface ControlClient {
  /** Sends a request, of whatever origin in its URL, and gives the response. */
  readonly request: Handler;
  /** Ends it. */
  close(): void;
}

const TOKEN_BYTES = 32;

/** What this system has. */
export const CONTROL_MEANS: ControlMeans = Deno.build.os === "windows" ? "tcp" : "unix";

/**
 * Serves a handler to local programs of this user. To be called by the owner of the home's lock only: a socket that
 * a killed peer left behind is removed first.
 *
 * @throws {KithError} `home_…`.
 */
export function serveControl(
  paths: HomePaths,
  handler: Handler,
  random: Random,
  means: ControlMeans = CONTROL_MEANS,
): ControlServer {
  const abort = new AbortController();
  const common = { signal: abort.signal, onListen: () => {}, onError: () => new Response(null, { status: 500 }) };
  let server: Deno.HttpServer;
  let path: string;
  try {
    if (means === "unix") {
      path = controlPath(paths);
      removeIfThere(path);
      server = Deno.serve({ ...common, path }, handler);
      Deno.chmodSync(path, 0o600);
    } else {
      path = tokenPath(paths);
      const token = toHex(random.bytes(TOKEN_BYTES));
      const tcp = Deno.serve({ ...common, hostname: "127.0.0.1", port: 0 }, guarded(handler, token));
      server = tcp;
      writeFileWhole(path, utf8Encode(JSON.stringify({ v: 1, port: tcp.addr.port, token })));
    }
  } catch (error) {
    abort.abort();
    throw fileError(error, paths.home);
  }
  return {
    async stop() {
      try {
        removeIfThere(path);
      } finally {
        // To abort it as well would end the process: Deno 2.9 throws where the listener is closed and answers are open.
        let timer: ReturnType<typeof setTimeout> | undefined;
        const late = new Promise<void>((resolve) => timer = setTimeout(resolve, CLOSE_TIMEOUT_MS));
        await Promise.race([server.shutdown(), late]);
        clearTimeout(timer);
      }
    },
  };
}

/**
 * The way to the peer that runs in a home; null when none does.
 *
 * @throws {KithError} `control_failed` where there is a channel that cannot be used.
 */
export async function connectControl(
  paths: HomePaths,
  means: ControlMeans = CONTROL_MEANS,
): Promise<ControlClient | null> {
  if (means === "tcp") return await connectTcp(paths);
  const path = controlPath(paths);
  try {
    (await Deno.connect({ transport: "unix", path })).close();
  } catch (error) {
    if (noneListens(error)) return null;
    throw failed(path, error);
  }
  const client = Deno.createHttpClient({ proxy: { transport: "unix", path } });
  return clientOf("http://localhost", client, {}, path);
}

async function connectTcp(paths: HomePaths): Promise<ControlClient | null> {
  const path = tokenPath(paths);
  try {
    const bytes = readFileCapped(path, MAX_CONFIG_BYTES);
    if (bytes === null) return null;
    const { port, token } = JSON.parse(utf8Decode(bytes)) as { port: number; token: string };
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    const client = Deno.createHttpClient({});
    return clientOf(`http://127.0.0.1:${port}`, client, { authorization: `Bearer ${token}` }, path);
  } catch (error) {
    if (noneListens(error)) return null;
    throw failed(path, error);
  }
}

function clientOf(
  origin: string,
  client: Deno.HttpClient,
  headers: Readonly<Record<string, string>>,
  path: string,
): ControlClient {
  return {
    async request(request) {
      const { pathname, search } = new URL(request.url);
      const init = { method: request.method, headers: new Headers(request.headers), body: request.body };
      for (const [name, value] of Object.entries(headers)) init.headers.set(name, value);
      try {
        return await fetch(`${origin}${pathname}${search}`, { ...init, signal: request.signal, client });
      } catch (error) {
        if (request.signal.aborted) throw error;
        throw failed(path, error);
      }
    },
    close: () => client.close(),
  };
}

/** Lets only those through who read the token; a web page can neither, nor name this host by another name. */
function guarded(handler: Handler, token: string): Handler {
  const wanted = utf8Encode(`Bearer ${token}`);
  return async (request) => {
    const given = utf8Encode((request.headers.get("authorization") ?? "").toWellFormed());
    const host = new URL(request.url).hostname;
    const allowed = host === "127.0.0.1" && given.length === wanted.length && constantTimeEqual(given, wanted);
    return allowed ? await handler(request) : new Response(null, { status: 403 });
  };
}

function tokenPath(paths: HomePaths): string {
  return `${paths.home}/control.json`;
}

function noneListens(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.ConnectionRefused;
}

function failed(path: string, error: unknown): KithError {
  const detail = error instanceof Error ? error.message : String(error);
  return new KithError("control_failed", { path, detail }, error);
}
