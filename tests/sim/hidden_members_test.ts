import { assert } from "@std/assert";
import { toHex } from "../../lib/base/bytes.ts";
import { Lab } from "./lab.ts";
import type { SimPeer } from "./sim_peer.ts";

const COUNT = 20;
const LEAST_NEIGHBOURS = 3;
/** To look at so many peers is dear. */
const LOOK_EVERY_MS = 500;

/** A space in which not all are linked, with members that are each behind a router which lets nothing in. */
class HiddenLab extends Lab {
  readonly hidden: SimPeer[] = [];

  constructor(hidden: number) {
    super();
    const options = { turned: () => {}, servesRelay: true };
    const founder = this.add({ ...options, address: "198.51.100.0:5484" });
    this.ask(founder, { type: "create_space" });
    const ticket = this.invite(founder, COUNT);
    for (let i = 1; i < COUNT; i++) {
      const isHidden = i <= hidden;
      const nat = { host: `203.0.113.${i}`, keepsPorts: false, forwards: new Map<string, string>() };
      const place = isHidden ? { address: `10.9.${i}.5:5484`, nat } : { address: `198.51.100.${i}:5484` };
      const peer = this.add({ ...options, ...place });
      if (isHidden) this.hidden.push(peer);
      this.join(peer, ticket, founder);
      this.#settle(() => peer.machine?.members().some(({ self }) => self) === true, "the join");
    }
    this.#settle(() => this.peers.every(({ machine }) => machine?.members().length === COUNT), "all to know all");
  }

  /** Waits until all have so many neighbours at least. */
  untilLinked(atLeast: number): void {
    const neighboursOf = (peer: SimPeer) => peer.machine?.peers().length ?? 0;
    this.#settle(() => this.peers.every((peer) => neighboursOf(peer) >= atLeast), "neighbours");
  }

  untilOne(): void {
    this.peers.forEach((peer, i) => this.set(peer, `key/${i}`, "v"));
    this.#settle(() => new Set(this.peers.map(({ fingerprint }) => toHex(fingerprint))).size === 1, "one digest");
    this.checks.healed(this.peers);
  }

  /** Lets everybody in by the routers: whoever was linked by a relay is linked directly, and a neighbour as before. */
  letAllIn(): void {
    const pathsOf = (path: string) =>
      this.peers.flatMap(({ index, machine }) => {
        return machine?.peers().filter((view) => view.path === path).map(({ peer }) => `${index} ${peer}`) ?? [];
      });
    const relayed = pathsOf("relayed");
    assert(relayed.length > 0);
    const before = this.downs;
    for (const { nat, listensAt } of this.hidden) nat?.forwards.set(listensAt as string, listensAt as string);
    this.#settle(() => pathsOf("relayed").length === 0, "direct links");
    const kept = pathsOf("direct").filter((pair) => relayed.includes(pair)).length;
    assert(kept > 0.9 * relayed.length, `of ${relayed.length} ends of relayed links ${kept} are direct`);
    assert(this.downs - before < relayed.length / 4, `${this.downs - before} were neighbours no more meanwhile`);
  }

  /** How many neighbours all have given up. */
  get downs(): number {
    return this.peers.reduce((sum, { events }) => sum + (events.get("neighbour_down") ?? 0), 0);
  }

  #settle(condition: () => boolean, what: string): void {
    const startMs = this.schedule.nowMs;
    const links = () => this.peers.map(({ machine }) => machine?.peers().length).join(" ");
    for (; !condition(); this.wait(LOOK_EVERY_MS)) {
      assert(this.schedule.nowMs - startMs < 120_000, `waited in vain for ${what}: ${links()}`);
    }
  }
}

for (const hidden of [6, 18]) {
  Deno.test(`of twenty members ${hidden} can't be dialled, and all have neighbours enough, and keep them`, () => {
    const lab = new HiddenLab(hidden);
    lab.untilLinked(LEAST_NEIGHBOURS);
    lab.wait(40_000);
    const before = lab.downs;
    lab.wait(20_000);
    assert(lab.downs - before < COUNT, `${lab.downs - before} neighbours of all were given up`);
    lab.untilLinked(LEAST_NEIGHBOURS);
    lab.untilOne();
    lab.letAllIn();
  });
}
