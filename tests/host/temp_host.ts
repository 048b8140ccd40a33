import { createApi } from "../../lib/api/api.ts";
import { Host } from "../../lib/host/host.ts";
import type { HostOptions } from "../../lib/host/host_options.ts";

/** A host in a folder of its own, and its API. */
export interface TempHost extends AsyncDisposable {
  readonly host: Host;
  readonly home: string;
  /** The API, called directly. */
  call(method: string, path: string, body?: BodyInit | object, headers?: HeadersInit): Promise<Response>;
  /** The object that the API answers with. */
  object(method: string, path: string, body?: BodyInit | object): Promise<Record<string, unknown>>;
  /** The objects that it answers with, one a line. */
  lines(method: string, path: string, body?: BodyInit | object): Promise<Record<string, unknown>[]>;
}

/** A folder that is removed at the end; running peers leave their notes in it. */
export async function tempFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await Deno.makeTempDir({ prefix: "kith-test-" });
  const runtimeBefore = Deno.env.get("KITH_RUNTIME_DIR");
  Deno.env.set("KITH_RUNTIME_DIR", `${path}/run`);
  return {
    path,
    async [Symbol.asyncDispose]() {
      if (runtimeBefore === undefined) Deno.env.delete("KITH_RUNTIME_DIR");
      else Deno.env.set("KITH_RUNTIME_DIR", runtimeBefore);
      await Deno.remove(path, { recursive: true });
    },
  };
}

/** Starts a peer in a home that is there already, or made; it listens on loopback alone. */
export async function startHost(home: string, options: Partial<HostOptions> = {}): Promise<TempHost> {
  const host = await Host.start({
    version: "0.0.0",
    home,
    listen: ["127.0.0.1:0"],
    api: createApi,
    dht: false,
    portMap: false,
    ...options,
  });
  const api = createApi(host);
  const call: TempHost["call"] = (method, path, body, headers) => {
    const isPlain = body !== undefined && Object.getPrototypeOf(body) === Object.prototype;
    const init = body === undefined ? {} : { body: isPlain ? JSON.stringify(body) : body as BodyInit };
    return api(new Request(new URL(path, "http://kith"), { method, ...init, ...(headers ? { headers } : {}) }));
  };
  return {
    host,
    home,
    call,
    object: async (method, path, body) => await (await call(method, path, body)).json(),
    lines: async (method, path, body) => parseLines(await (await call(method, path, body)).text()),
    [Symbol.asyncDispose]: () => host.stop(),
  };
}

/** The objects of NDJSON. */
export function parseLines(text: string): Record<string, unknown>[] {
  return text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
}
