import { Ledger, type State } from "./ledger.ts";
import type { Answer, TracedPeer } from "./traced_peer.ts";

/** Refusals after which nobody can be sure whether it was done all the same. */
const UNSURE = ["store_io", "home_unusable", "stopping"];

/** What is written to a home, by whichever processes. */
export interface Books {
  readonly entries: Ledger;
  /** The configuration's fields. */
  readonly config: Ledger;
  readonly backups: Backup[];
}

/** A backup that was asked for. */
export interface Backup {
  readonly path: string;
  /** What it holds: of what was written meanwhile all or nothing. */
  readonly entries: Ledger;
  /** Whether the peer said that it is done. */
  isAcknowledged: boolean;
}

/** Empty books. */
export function newBooks(): Books {
  return { entries: new Ledger(), config: new Ledger(), backups: [] };
}

/** A writer at a peer's control channel that keeps book of what was acknowledged. */
export class Session {
  /** What the backup that is being written may hold. */
  #backedUp: Ledger | null = null;

  constructor(readonly peer: TracedPeer, readonly books: Books) {}

  /** Puts a text. */
  async set(key: string, value: string): Promise<void> {
    await this.#write("PUT", `entry?key=${encodeURIComponent(key)}`, value, new Map([[key, value]]));
  }

  /** Deletes a key. */
  async del(key: string): Promise<void> {
    await this.#write("DELETE", `entry?key=${encodeURIComponent(key)}`, undefined, new Map([[key, null]]));
  }

  /** Imports new entries, all of which are one transaction. */
  async import(prefix: string, count: number, value: string): Promise<void> {
    const entries = Array.from({ length: count }, (_, i) => [`${prefix}/${i}`, `${value} ${i}`] as const);
    const lines = entries.map(([key, text]) => JSON.stringify({ key, type: "text/plain", text }) + "\n");
    await this.#write("POST", "import", lines.join(""), new Map(entries));
  }

  /** Names the peer, in its configuration. */
  async rename(name: string): Promise<void> {
    const attempt = this.books.config.begin(new Map([["name", name]]));
    settle(attempt, await this.peer.ask("PUT", "config", JSON.stringify({ name })));
  }

  /** Has it write a backup. */
  async backup(path: string): Promise<void> {
    const backup = { path, entries: this.books.entries.copy(), isAcknowledged: false };
    this.books.backups.push(backup);
    this.#backedUp = backup.entries;
    const answer = await this.peer.ask("POST", "backup", JSON.stringify({ path }));
    this.#backedUp = null;
    backup.isAcknowledged = answer.kind === "ok";
  }

  /** Asks it to stop. */
  async down(): Promise<void> {
    await this.peer.ask("POST", "down");
  }

  async #write(method: string, path: string, body: string | undefined, writes: ReadonlyMap<string, State>) {
    const attempt = this.books.entries.begin(writes);
    this.#backedUp?.begin(writes);
    settle(attempt, await this.peer.ask(method, path, body));
  }
}

function settle(attempt: ReturnType<Ledger["begin"]>, answer: Answer): void {
  if (answer.kind === "ok") attempt.acknowledged();
  else if (answer.kind === "refused" && !UNSURE.includes(answer.code)) attempt.refused();
}
