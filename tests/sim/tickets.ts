import { SigningKey } from "../../lib/crypto/sign.ts";
import type { Person, Ticket } from "./person.ts";
import type { Prng } from "./prng.ts";
import type { Trace } from "./trace.ts";

/** How long somebody waits for a ticket before asking again: a crash swallows the reply. */
const PATIENCE_MS = 5000;

/** Where those who want in get their tickets: some admin is asked for them. */
export class Tickets {
  readonly #prng: Prng;
  readonly #trace: Trace;
  /** How many more than a ticket allows get it. */
  readonly #surplus: number;
  readonly #tickets: Ticket[] = [];
  #asked = 0;

  constructor(prng: Prng, trace: Trace, contested: boolean) {
    this.#prng = prng;
    this.#trace = trace;
    this.#surplus = contested ? 1 : 0;
  }

  /** A ticket; null for none yet. */
  take(persons: readonly Person[]): Ticket | null {
    const free = this.#tickets.find(({ given, uses }) => given < uses + this.#surplus);
    if (free !== undefined) {
      free.given++;
      return free;
    }
    if (this.#asked === 0) this.#ask(persons);
    return null;
  }

  #ask(persons: readonly Person[]): void {
    const prng = this.#prng;
    const admins = persons.filter(({ state, peer }) => {
      const self = state === "inside" ? peer.machine?.members().find(({ self }) => self) : undefined;
      return self?.role === "admin";
    });
    if (admins.length === 0) return;
    const { peer } = prng.pick(admins);
    const keys = { inviteSeed: prng.bytes(32), macKey: prng.bytes(32), tagKey: prng.bytes(32) };
    const uses = prng.chance(0.7) ? 1 : 2;
    const role = prng.chance(0.4) ? "admin" : "writer";
    const { life } = peer;
    this.#asked++;
    this.#trace.add(() => `ticket ${SigningKey.fromSeed(keys.inviteSeed).publicKey[0]} by p${peer.index}`);
    let isOpen = true;
    const answered = () => {
      if (isOpen) this.#asked--;
      isOpen = false;
    };
    peer.options.schedule.after(PATIENCE_MS, answered);
    peer.request({ type: "invite", keys, secret: prng.bytes(8), role, uses, expiresMs: 0 }, (reply) => {
      answered();
      if (reply.ok && peer.life === life) this.#tickets.push({ keys, uses, given: 0 });
    });
  }
}
