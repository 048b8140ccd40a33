import type { Console } from "../host/console.ts";
import { Client, type JsonObject, type Transport } from "./client.ts";
import type { CompletionSources } from "./completion.ts";
import { objectsOf, textField } from "./fields.ts";
import { shortId } from "./format.ts";

/** Keys offered at once: a person reads no more, and types a letter. */
const MAX_OFFERED_KEYS = 200;

/** Looks completions up at a running peer, none where there is none, and on disk. Failures offer nothing. */
export function peerSources(console: Console, transport: Transport | null): CompletionSources {
  const client = transport === null ? null : new Client(transport);
  const listed = async (what: string, field: string, isMeant = (_: JsonObject) => true) => {
    try {
      const answer = await client?.object("GET", `/v1/${what}`) ?? {};
      return objectsOf(answer, what).filter(isMeant).map((one) => textField(one, field)).filter((text) => text !== "");
    } catch {
      // A completion that fails is one that offers nothing: there is nowhere to tell an error.
      return [];
    }
  };
  return {
    async keys(prefix) {
      const keys: string[] = [];
      try {
        const query = { prefix, limit: MAX_OFFERED_KEYS, values: "0" };
        for await (const entry of client?.objects("GET", "/v1/entries", { query }) ?? []) {
          keys.push(textField(entry, "key"));
        }
      } catch {
        // As above.
      }
      return keys;
    },
    peers: () => listed("peers", "name"),
    members: () => listed("members", "name", (member) => member.self !== true),
    invites: async () => (await listed("invites", "invite")).map(shortId),
    files(prefix) {
      const folder = prefix.slice(0, prefix.lastIndexOf("/") + 1);
      return console.listFolder(folder === "" ? "." : folder).map((name) => folder + name).sort();
    },
  };
}
