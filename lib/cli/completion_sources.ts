import type { Console } from "../host/console.ts";
import { Client, type Transport } from "./client.ts";
import type { CompletionSources } from "./completion.ts";
import { objectsOf, textField } from "./fields.ts";

/** Keys offered at once: a person reads no more, and types a letter. */
const MAX_OFFERED_KEYS = 200;

/** Looks completions up at a running peer, none where there is none, and on disk. Failures offer nothing. */
export function peerSources(console: Console, transport: Transport | null): CompletionSources {
  const client = transport === null ? null : new Client(transport);
  return {
    async keys(prefix) {
      const keys: string[] = [];
      try {
        const query = { prefix, limit: MAX_OFFERED_KEYS, values: "0" };
        for await (const entry of client?.objects("GET", "/v1/entries", { query }) ?? []) {
          keys.push(textField(entry, "key"));
        }
      } catch {
        // A completion that fails is one that offers nothing: there is nowhere to tell an error.
      }
      return keys;
    },
    async peers() {
      try {
        const answer = await client?.object("GET", "/v1/peers") ?? {};
        return objectsOf(answer, "peers").map((peer) => textField(peer, "name"));
      } catch {
        // As above.
        return [];
      }
    },
    files(prefix) {
      const folder = prefix.slice(0, prefix.lastIndexOf("/") + 1);
      return console.listFolder(folder === "" ? "." : folder).map((name) => folder + name).sort();
    },
  };
}
