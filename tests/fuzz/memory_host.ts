import { DatabaseSync } from "node:sqlite";
import { concat } from "../../lib/base/bytes.ts";
import { KithError } from "../../lib/base/errors.ts";
import { MAX_QUESTION_MS } from "../../lib/base/limits.ts";
import { sha256 } from "../../lib/crypto/hash.ts";
import { Identity } from "../../lib/crypto/identity.ts";
import { homePaths } from "../../lib/host/home.ts";
import type { HostApi } from "../../lib/host/host_api.ts";
import type { Reply, Request } from "../../lib/peer/machine.ts";
import { Peer } from "../../lib/peer/peer.ts";
import { Store } from "../../lib/store/store.ts";
import { at } from "../link/pair.ts";
import { Prng } from "../sim/prng.ts";

/** How far time is let pass for a reply; behind the patience of a join, of a ping, and of a question. */
const PATIENCE_MS = 2 * MAX_QUESTION_MS;

/** A host of one peer in memory, with no network: what the API needs of one. */
export class MemoryHost {
  readonly peer: Peer;
  readonly store: Store;
  readonly #heard = new Set<(keys: readonly string[]) => void>();
  readonly #turned = new Set<() => void>();
  readonly #replies = new Map<number, Reply>();
  #nowMs = 1000;
  #requests = 0;
  /** Ends what waits for changes. */
  stopping = new AbortController();

  constructor() {
    const random = new Prng(3);
    this.store = Store.open(new DatabaseSync(":memory:"), { random });
    const options = { name: "otter", version: "0.0.0", addresses: ["10.0.0.1:5484"] };
    const identity = Identity.generate(random);
    this.peer = new Peer({ ...options, identity, store: this.store, random, now: at(this.#nowMs) });
  }

  /** As the API sees it. */
  get api(): HostApi {
    const host: HostApi = {
      version: "0.0.0",
      peer: this.peer,
      paths: homePaths("/nowhere"),
      random: new Prng(4),
      addresses: ["10.0.0.1:5484"],
      portMap: { address: null, by: null, problem: "it is off" },
      dht: { problem: "it is off", nodes: 0, announcedMs: null, answeredMs: null },
      lan: { interfaces: [], problem: null },
      running: true,
      notices: [],
      startedMs: 0,
      counters: {},
      stopping: this.stopping.signal,
      request: (request) => Promise.resolve(this.#request(request)),
      backup: (path) => Promise.reject(new KithError("backup_failed", { path, detail: "there are no files here" })),
      nudge: () => {},
      onChanged: (heard) => subscribed(this.#heard, heard),
      onTurn: (heard) => subscribed(this.#turned, heard),
      onEvent: () => () => {},
      event: () => {},
      ticketKeys: (secret) => {
        const key = (name: string) => sha256(concat([secret, new TextEncoder().encode(name)]));
        return Promise.resolve({ inviteSeed: key("invite"), macKey: key("mac"), tagKey: key("tag") });
      },
      nearbyAddresses: () => Promise.resolve([]),
      config: () => ({}),
      saveConfig: () => {},
      nowMs: () => this.#nowMs,
      onStop: () => {},
      stopSoon: () => {},
    };
    return host;
  }

  #request(request: Request): Reply {
    const id = ++this.#requests;
    this.peer.handle({ type: "request", id, request }, at(this.#nowMs));
    this.#endTurn();
    for (const untilMs = this.#nowMs + PATIENCE_MS; !this.#replies.has(id) && this.#nowMs < untilMs;) {
      this.#nowMs = Math.max(this.#nowMs + 1, Math.min(this.peer.deadline(), untilMs));
      this.peer.handle({ type: "tick" }, at(this.#nowMs));
      this.#endTurn();
    }
    const reply = this.#replies.get(id);
    if (reply === undefined) throw new Error(`no reply to ${request.type}`);
    this.#replies.delete(id);
    return reply;
  }

  #endTurn(): void {
    for (const effect of this.peer.endTurn(at(this.#nowMs))) {
      if (effect.type === "reply") this.#replies.set(effect.id, effect.reply);
      if (effect.type === "changed") { for (const heard of this.#heard) heard(effect.keys); }
      if (effect.type === "stop") throw new Error(`the peer stops: ${effect.reason}`);
      if (effect.type === "event" && effect.event.name === "turn_failed") throw new Error("a turn failed");
      if (effect.type === "dial") {
        this.peer.handle({ type: "dial_failed", address: effect.address, detail: "nowhere" }, at(this.#nowMs));
      }
    }
    for (const turned of this.#turned) turned();
  }
}

function subscribed<T>(set: Set<T>, heard: T): () => void {
  set.add(heard);
  return () => void set.delete(heard);
}
