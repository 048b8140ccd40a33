import { createApi } from "../../../lib/api/api.ts";
import { importLines } from "../../../lib/api/import.ts";
import { valueFields, valueOf } from "../../../lib/api/value_fields.ts";
import { concat, equal, utf8Encode } from "../../../lib/base/bytes.ts";
import { type ErrorCode, ERRORS, KithError } from "../../../lib/base/errors.ts";
import type { HostApi } from "../../../lib/host/host_api.ts";
import type { Write } from "../../../lib/peer/machine.ts";
import { ticketText } from "../../../lib/space/ticket.ts";
import { MemoryHost } from "../memory_host.ts";
import { holds, type Target } from "../target.ts";

const NEWLINE = 10;
const decoder = new TextDecoder();
const texts = (...list: string[]) => list.map(utf8Encode);

let host = new MemoryHost();

async function reset(): Promise<void> {
  host.stopping.abort();
  host = new MemoryHost();
  const api = createApi(host.api);
  const ask = async (method: string, path: string, body: string) => {
    await (await api(new Request(`http://kith${path}`, { method, body }))).text();
  };
  await ask("POST", "/v1/space", "");
  await ask("PUT", "/v1/entry?key=a&type=text/plain", "1");
  await ask("PUT", "/v1/entry?key=b/c&type=application/json", "[1]");
  await ask("POST", "/v1/invites", "{}");
}

/** A request: its method and path in the first line, behind it the body. */
function requestOf(input: Uint8Array): Request | null {
  const end = input.indexOf(NEWLINE);
  const [method = "", path = ""] = decoder.decode(end < 0 ? input : input.subarray(0, end)).split(" ");
  const body = end < 0 ? null : input.slice(end + 1);
  try {
    return new Request(`http://kith${path}`, { method, ...(body === null || method === "GET" ? {} : { body }) });
  } catch {
    // What is no request to the runtime never comes here.
    return null;
  }
}

async function takeRequest(input: Uint8Array): Promise<void> {
  const request = requestOf(input);
  if (request === null) return;
  const { stopping } = host;
  const waits = /^\/v1\/(watch|wait|messages|events)$/.test(new URL(request.url).pathname);
  const timer = setTimeout(() => stopping.abort(), waits ? 2 : 2000);
  try {
    const response = await createApi(host.api)(request);
    const text = await response.text();
    checkAnswer(response, text);
  } finally {
    clearTimeout(timer);
    if (stopping.signal.aborted) host.stopping = new AbortController();
  }
}

/** Every line of an answer is an object of version 1, or it is a value as it was stored. */
function checkAnswer(response: Response, text: string): void {
  const type = response.headers.get("content-type") ?? "";
  if (response.status === 200 && response.headers.has("kith-version")) return;
  if (!/^application\/(json|x-ndjson)$/.test(type)) return holds(response.status === 200, `an answer of type ${type}`);
  for (const line of text.split("\n").filter((line) => line !== "")) {
    let fields: Record<string, unknown>;
    try {
      fields = JSON.parse(line);
    } catch {
      // A value whose type is JSON is given as it was written.
      holds(response.status === 200, "a refusal that is no JSON");
      return;
    }
    if (fields?.error === undefined || fields.v !== 1) continue;
    const entry = ERRORS[fields.error as ErrorCode];
    holds(entry !== undefined && entry.exit === fields.exit, `an error that is not in the registry: ${fields.error}`);
    holds(fields.error !== "internal", "a defect is told as one");
  }
}

/** What importing lines would write, where they come in pieces of some size, and why it ended. */
async function imported(lines: Uint8Array, pieceBytes: number): Promise<{ writes: Write[]; refusal: string }> {
  const writes: Write[] = [];
  const taking = {
    request: (request: { type: string; writes: Write[] }) => {
      writes.push(...request.writes);
      return Promise.resolve({ ok: true, versions: request.writes.map(() => "v") });
    },
  } as unknown as HostApi;
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < lines.length; at += pieceBytes) pieces.push(lines.slice(at, at + pieceBytes));
  try {
    for await (const _progress of importLines(taking, ReadableStream.from(pieces), new AbortController().signal));
    return { writes, refusal: "" };
  } catch (error) {
    if (!(error instanceof KithError)) throw error;
    return { writes, refusal: `${error.code} ${JSON.stringify(error.values)}` };
  }
}

async function takeLines(input: Uint8Array): Promise<void> {
  const lines = input.subarray(1);
  const whole = await imported(lines, lines.length + 1);
  const inPieces = await imported(lines, 1 + (input[0] ?? 0));
  holds(whole.refusal === inPieces.refusal, `refused in pieces (${inPieces.refusal}), and whole (${whole.refusal})`);
  holds(whole.writes.length === inPieces.writes.length, "the same lines in pieces give other writes");
  for (const [i, write] of whole.writes.entries()) {
    const other = inPieces.writes[i];
    holds(write.kind === "put" && other?.kind === "put", "an import puts");
    holds(write.key === other.key && write.media === other.media && equal(write.value, other.value), "other writes");
    const again = valueOf(valueFields(write.media, write.value));
    holds(again.media === write.media && equal(again.value, write.value), "what is exported is imported as it was");
  }
}

/** A position as text. */
function takePosition(input: Uint8Array): void {
  try {
    const changes = host.peer.changesSince(decoder.decode(input));
    while (changes.next() !== null);
    holds(host.peer.changesSince(changes.position()).next() === null, "who has caught up lacks nothing");
  } catch (error) {
    if (!(error instanceof KithError)) throw error;
  }
}

const LINES = [
  '{"v":1,"key":"a","type":"text/plain","text":"grüezi"}\n{"key":"b","json":{"x":[1,2.5,null]}}\r\n\n',
  '\ufeff{"key":"c","base64":"AAEC"}\n{"key":"d","json":1e400}\n{"key":"e"}',
  '{"key":"x","json":123456789012345678}\n{"key":"\\ud800","text":"\\ud800"}\n',
];

const REQUESTS = [
  ...["status", "peers", "members", "conflicts", "paths", "entries", "export", "invites", "config"]
    .map((path) => `GET /v1/${path}`),
  "GET /v1/entries?prefix=a&after=a&limit=1&values=1",
  "GET /v1/watch?initial=1&prefix=b",
  "GET /v1/events?initial=1",
  "POST /v1/watch?positions=1\n",
  "GET /v1/history?key=a&limit=2",
  "GET /v1/entry?key=a",
  `GET /v1/entry?key=a&at=${"a".repeat(52)}.0`,
  "PUT /v1/entry?key=k&type=text/plain&if-absent=1\nvalue",
  'PUT /v1/entry?key=j&type=application/json\n{"n":1}',
  `PUT /v1/entry?key=a&if-version=${"a".repeat(52)}.0\nvalue`,
  "DELETE /v1/entry?key=a",
  "POST /v1/resolve?key=a&keep=abcd\n",
  'POST /v1/readopt\n{"keys":["a"]}',
  `POST /v1/import\n${LINES[0]}`,
  'POST /v1/wait\n{"synced":true,"all":true,"peers":1,"key":"a","value":"1","timeoutMs":1}',
  "POST /v1/space\n",
  'POST /v1/invites\n{"role":"reader","uses":3,"forMs":1000,"prefix":"b/"}',
  `POST /v1/join\n{"ticket":"${ticketText(new Uint8Array(8), ["10.0.0.9:1"])}","at":["10.0.0.8:2"]}`,
  'POST /v1/grant\n{"peer":"otter","role":"admin","prefix":"","forMs":0}',
  'POST /v1/revoke\n{"peer":"otter"}',
  'POST /v1/revoke\n{"invite":"abcd"}',
  'POST /v1/connect\n{"address":"10.0.0.7:5484"}',
  'POST /v1/ping\n{"peer":"otter"}',
  "GET /v1/messages?topic=a/",
  "POST /v1/messages?topic=a/b\nhello",
  "POST /v1/messages?topic=a&lines=1\none\ntwo\n",
  "POST /v1/ask?topic=a&timeout_ms=5\nwhat?",
  "POST /v1/answer?question=aaaaaaaaaaaaa\nthat",
  'POST /v1/backup\n{"path":"/nowhere/backup"}',
  "POST /v1/verify\n",
  'PUT /v1/config\n{"name":"otter","history":"30d"}',
  "POST /v1/leave\n",
];

export const TARGETS: readonly Target[] = [
  {
    name: "api",
    seeds: texts(...REQUESTS),
    dictionary: texts(
      ...["key=", "&", "prefix=", "at=", "limit=", "%", "%00", "%ff", "null", "-1", "1e9", "[]", "{}", '""', "true"],
      ...["text/plain", "application/json", "/v1/", "\n", '"\\ud800"', "4096", '"__proto__":'],
    ),
    run: takeRequest,
    reset,
    fewRuns: 150,
    maxBytes: 1024,
    steps: 5_000_000,
    allocatedBytes: 16 * 1024 * 1024,
  },
  {
    name: "import",
    seeds: LINES.flatMap((lines) => [254, 2].map((size) => concat([Uint8Array.of(size), utf8Encode(lines)]))),
    dictionary: texts(
      '"key":',
      '"type":',
      '"json":',
      '"text":',
      '"base64":',
      "\n",
      "\r\n",
      "1e309",
      "-0",
      "\\u0000",
      "\ufeff",
    ),
    run: takeLines,
    fewRuns: 300,
    steps: 100_000,
    allocatedBytes: 1024 * 1024,
  },
  {
    name: "position",
    seeds: texts("", "aaaa", "a".repeat(64)),
    run: takePosition,
    reset,
    fewRuns: 150,
    steps: 5_000_000,
    allocatedBytes: 16 * 1024 * 1024,
  },
];
