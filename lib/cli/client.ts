import { type ErrorCode, ERRORS } from "../base/errors.ts";
import { lineGroups } from "./lines.ts";

/** Hands a request to the API of a peer, in another process or in this one. */
export type Transport = (request: Request) => Promise<Response>;

/** An object as the API sends it. */
export type JsonObject = { readonly [name: string]: unknown };

/** What a request carries besides its method and path. */
export interface RequestOptions {
  /** Parts of the query; those that are undefined or false are left out, true becomes 1. */
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** Sent as JSON. */
  readonly json?: JsonObject;
  /** Sent as it is. */
  readonly body?: Uint8Array | ReadableStream<Uint8Array>;
  /** The media type of `body`. */
  readonly media?: string;
  /** Ends the request. */
  readonly signal?: AbortSignal;
}

/** A refusal by the API. */
export class ApiError extends Error {
  override readonly name = "ApiError";

  constructor(
    /** A code of the error registry, also one of a newer kith. */
    readonly code: string,
    /** The exit code of a command that ends with it. */
    readonly exit: number,
    message: string,
    readonly values: JsonObject,
  ) {
    super(message);
  }
}

/** The API of a peer, with its errors thrown. */
export class Client {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** The response to a request. @throws {ApiError} for any answer that is not a success. */
  async request(method: string, path: string, options: RequestOptions = {}): Promise<Response> {
    const url = new URL(path, "http://kith");
    for (const [name, value] of Object.entries(options.query ?? {})) {
      if (value !== undefined && value !== false) url.searchParams.set(name, value === true ? "1" : String(value));
    }
    const headers = new Headers();
    if (options.json !== undefined) headers.set("content-type", "application/json");
    if (options.media !== undefined) headers.set("content-type", options.media);
    const body = options.json !== undefined ? JSON.stringify(options.json) : options.body;
    const init: RequestInit = { method, headers, ...(options.signal === undefined ? {} : { signal: options.signal }) };
    // The web's own type asks for an ArrayBuffer below a Uint8Array, which ours always have.
    if (body !== undefined) init.body = body as BodyInit;
    const response = await this.#transport(new Request(url, init));
    if (response.ok) return response;
    throw errorOf(await readObject(response), response.status);
  }

  /** The object that the API answers with; an answer that took its time may be an error under status 200. */
  async object(method: string, path: string, options: RequestOptions = {}): Promise<JsonObject> {
    const response = await this.request(method, path, options);
    const object = await readObject(response);
    if (typeof object.error === "string") throw errorOf(object, response.status);
    return object;
  }

  /** The objects of an answer in lines, as they come. @throws {ApiError} for a line that is an error. */
  async *objects(method: string, path: string, options: RequestOptions = {}): AsyncGenerator<JsonObject> {
    for await (const group of this.objectGroups(method, path, options)) yield* group;
  }

  /** The same, in groups of those that came together, none of them empty. */
  async *objectGroups(method: string, path: string, options: RequestOptions = {}): AsyncGenerator<JsonObject[]> {
    const response = await this.request(method, path, options);
    if (response.body === null) return;
    for await (const lines of lineGroups(response.body)) {
      const objects = lines.map((line) => JSON.parse(line) as JsonObject);
      const failedAt = objects.findIndex(({ error }) => typeof error === "string");
      const good = failedAt < 0 ? objects : objects.slice(0, failedAt);
      if (good.length > 0) yield good;
      if (failedAt >= 0) throw errorOf(objects[failedAt] as JsonObject, response.status);
    }
  }
}

async function readObject(response: Response): Promise<JsonObject> {
  return await response.json() as JsonObject;
}

function errorOf(object: JsonObject, status: number): ApiError {
  const { v: _version, error, exit, message, ...values } = object;
  const code = typeof error === "string" ? error : "bad_request";
  const known = Object.hasOwn(ERRORS, code) ? ERRORS[code as ErrorCode].exit : 1;
  return new ApiError(
    code,
    typeof exit === "number" ? exit : known,
    typeof message === "string" ? message : `The peer answered with HTTP status ${status}.`,
    values,
  );
}
