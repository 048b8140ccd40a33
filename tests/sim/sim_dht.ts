import { toHex } from "../../lib/base/bytes.ts";
import type { RendezvousQuery } from "../../lib/mesh/rendezvous.ts";
import type { Schedule } from "./schedule.ts";
import type { SimPeer } from "./sim_peer.ts";

/** How long nodes keep what they are told. */
const KEPT_MS = 30 * 60 * 1000;
/** How long a question takes. */
const ANSWER_MS = 800;

/** A DHT as a peer sees it: it keeps for a while where somebody is, and says what it likes besides. */
export class SimDht {
  readonly #schedule: Schedule;
  readonly #kept = new Map<string, Map<string, number>>();
  /** Who asked, and the port that it announced; null for none. */
  readonly asked: { readonly peer: SimPeer; readonly port: number | null }[] = [];
  /** What is said besides what is true. */
  forged: readonly string[] = [];

  constructor(schedule: Schedule) {
    this.#schedule = schedule;
  }

  /** Answers a question of a peer, a moment later. */
  ask(peer: SimPeer, { key, port }: RendezvousQuery): void {
    const { life } = peer;
    const name = toHex(key);
    this.asked.push({ peer, port });
    const kept = this.#kept.get(name) ?? new Map<string, number>();
    this.#kept.set(name, kept);
    this.#schedule.after(ANSWER_MS, () => {
      if (peer.life !== life) return;
      const known = [...kept].flatMap(([address, untilMs]) => untilMs > this.#schedule.nowMs ? address : []);
      const addresses = [...this.forged, ...known];
      if (addresses.length > 0) peer.push({ type: "dht_found", key, addresses });
      if (port !== null) kept.set(peer.listensAt as string, this.#schedule.nowMs + KEPT_MS);
      peer.push({ type: "dht_done", key, problem: null });
    });
  }
}
