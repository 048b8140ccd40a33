import { type ErrorCode, ERRORS, type ErrorValues, KithError, sentenceOf } from "../base/errors.ts";
import type { Reply } from "../peer/machine.ts";
import { DamagedError } from "../store/damaged_error.ts";

/** The version of the API's objects: their fields only ever grow. */
const API_VERSION = 1;
const JSON_TYPE = "application/json";
const NDJSON_TYPE = "application/x-ndjson";
/** Lines are handed on in chunks of about this size: one system call for many, and little is held. */
const CHUNK_CHARACTERS = 32 * 1024;

/** Fields of an object of the API. */
export type Fields = Readonly<Record<string, unknown>>;
/** What a stream of them tells next: one, or several that came together, which is cheaper where there are many. */
export type Told = Fields | readonly Fields[];

const encoder = new TextEncoder();

/** An object as one JSON text. */
export function objectText(fields: Fields): string {
  return JSON.stringify({ v: API_VERSION, ...fields });
}

function linesText(told: Told): string {
  const objects = (Array.isArray as (value: Told) => value is readonly Fields[])(told) ? told : [told];
  return objects.map((fields) => objectText(fields) + "\n").join("");
}

/** A response with one object. Default status: 200. */
export function objectAnswer(fields: Fields, status = 200): Response {
  return new Response(objectText(fields) + "\n", { status, headers: { "content-type": JSON_TYPE } });
}

/** What is told of an error: its code, its exit code, its sentence, and its values. */
export function errorFields(code: ErrorCode, values: ErrorValues): Fields {
  return { error: code, exit: ERRORS[code].exit, message: sentenceOf(code, values), ...values };
}

/** A response that refuses. @throws what is neither a person's nor the disk's fault. */
export function errorAnswer(error: unknown): Response {
  const { code, values } = refusalOf(error);
  return objectAnswer(errorFields(code, values), statusOf(code));
}

/** What is told of an error that was thrown. @throws the error, when it is neither a person's nor the disk's fault. */
function refusalOf(error: unknown): KithError {
  if (error instanceof KithError) return error;
  // A record that cannot be trusted is not shown; the others still are.
  if (error instanceof DamagedError) return new KithError("record_damaged", { detail: error.message }, error);
  throw error;
}

/** The result of a request to the peer. @throws {KithError} when it was refused. */
export function accepted(reply: Reply): Extract<Reply, { ok: true }> {
  if (reply.ok) return reply;
  throw new KithError(reply.code, reply.values);
}

/**
 * A response of one object a line, made as fast as it is read. An error before the first line refuses the
 * request; a later one ends the answer with an error line.
 *
 * @param make gives the objects; its signal is aborted when nobody reads any more, or when `stopping` is.
 */
export async function linesAnswer(
  make: (signal: AbortSignal) => AsyncGenerator<Told>,
  stopping: AbortSignal,
): Promise<Response> {
  const cancelled = new AbortController();
  const objects = make(AbortSignal.any([cancelled.signal, stopping]));
  return linesResponse(objects, Promise.resolve(await objects.next()), cancelled);
}

/**
 * A response of one object that may take its time: it begins at once, so that it is noticed when nobody waits for it
 * any more. An error then is told by the object alone, under status 200.
 */
export function lateAnswer(make: (signal: AbortSignal) => Promise<Fields>, stopping: AbortSignal): Response {
  const cancelled = new AbortController();
  const signal = AbortSignal.any([cancelled.signal, stopping]);
  const objects = (async function* () {
    yield await make(signal);
  })();
  return linesResponse(objects, objects.next(), cancelled);
}

function linesResponse(
  objects: AsyncGenerator<Told>,
  first: Promise<IteratorResult<Told>>,
  cancelled: AbortController,
): Response {
  let pending = first;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      let text = "";
      const pause = startPause();
      try {
        let next = await pending;
        // What is ready goes into one chunk; what has to be waited for does not hold it back.
        while (!next.done) {
          text += linesText(next.value);
          pending = objects.next();
          // A failure is taken up by the pull that waits for it, which may be a later one.
          pending.catch(() => {});
          const ready = text.length < CHUNK_CHARACTERS ? await Promise.race([pending, pause.over]) : null;
          if (ready === null) break;
          next = ready;
        }
        if (text !== "") controller.enqueue(encoder.encode(text));
        if (next.done) controller.close();
      } catch (error) {
        const { code, values } = refusalOf(error);
        controller.enqueue(encoder.encode(text + objectText(errorFields(code, values)) + "\n"));
        controller.close();
      } finally {
        pause.end();
      }
    },
    async cancel() {
      cancelled.abort();
      await objects.return(undefined);
    },
  });
  return new Response(body, { headers: { "content-type": NDJSON_TYPE } });
}

/** Until the tasks that wait now have run. */
function startPause(): { readonly over: Promise<null>; end(): void } {
  const { promise, resolve } = Promise.withResolvers<null>();
  const timer = setTimeout(() => resolve(null), 0);
  return { over: promise, end: () => clearTimeout(timer) };
}

function statusOf(code: ErrorCode): number {
  if (code === "home_owned" || code === "busy" || code === "stopping" || code === "no_peer_running") return 503;
  switch (ERRORS[code].exit) {
    case 2:
      return 400;
    case 3:
      return 404;
    case 4:
      return 403;
    case 5:
      return 504;
    case 6:
      return 409;
    default:
      return 500;
  }
}
