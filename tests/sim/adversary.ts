import { toHex } from "../../lib/base/bytes.ts";
import { sha256 } from "../../lib/crypto/hash.ts";
import { Link } from "../../lib/link/link.ts";
import { SpaceState } from "../../lib/peer/space_state.ts";
import { spaceProof } from "../../lib/space/grant.ts";
import { DOMAINS } from "../../lib/wire/domains.ts";
import { decodeMessage, encodeMessage } from "../../lib/wire/message.ts";
import { recordMessage } from "../../lib/wire/peer_record.ts";
import type { Checks } from "./checks.ts";
import { Forgeries } from "./forgeries.ts";
import { type Mischief, MischiefMaker, type Shot } from "./mischief.ts";
import type { End, Network, NetworkHost } from "./network.ts";
import type { Prng } from "./prng.ts";
import type { SimPeer } from "./sim_peer.ts";

/** What an adversary does: forgeries, and each kind of mischief. */
export type Attack = "forge" | Mischief;

interface Attacked {
  readonly end: End;
  readonly link: Link;
  readonly target: SimPeer;
}

/**
 * A member with its own program: it holds the keys of a real peer and the space's secret, and sends the others what
 * no honest peer would. Of its forgeries none may be applied anywhere; and whatever else it does, the others converge.
 */
export class Adversary implements NetworkHost {
  readonly index: number;
  readonly listensAt = null;
  readonly life = 0;
  readonly #member: SimPeer;
  readonly #prng: Prng;
  readonly #network: Network;
  readonly #attacks: readonly Attack[];
  readonly #checks: Checks;
  readonly #forgeries: Forgeries;
  readonly #mischief: MischiefMaker;
  readonly #dialled: { readonly address: string; readonly target: SimPeer }[] = [];
  readonly #attacked = new Map<End, Attacked>();
  #stopped = false;

  constructor(
    index: number,
    member: SimPeer,
    prng: Prng,
    network: Network,
    attacks: readonly Attack[],
    checks: Checks,
  ) {
    this.index = index;
    this.#member = member;
    this.#prng = prng;
    this.#network = network;
    this.#attacks = attacks;
    this.#checks = checks;
    this.#forgeries = new Forgeries(member, prng);
    this.#mischief = new MischiefMaker(member, prng, checks.equivocations);
  }

  /** Dials a peer, to attack it. */
  attack(target: SimPeer): void {
    if (target.listensAt === null || new SpaceState(this.#member.store).space === null) return;
    this.#dialled.push({ address: target.listensAt, target });
    this.#network.dial(this, target.listensAt);
  }

  /** Ends all connections. */
  stop(): void {
    this.#stopped = true;
    for (const end of this.#attacked.keys()) this.#network.lose(end);
  }

  /** Part of `NetworkHost`. */
  connected(end: End, _direction: "in" | "out", address: string): void {
    const target = this.#takeDialled(address);
    const link = new Link({
      direction: "out",
      identity: this.#member.identity,
      random: this.#prng,
      now: this.#member.now,
      address: "",
    });
    this.#attacked.set(end, { end, link, target });
    if (this.#stopped) this.#network.lose(end);
    else this.#network.pump(end);
  }

  /** Part of `NetworkHost`. */
  dialFailed(address: string): void {
    this.#takeDialled(address);
  }

  /** Part of `NetworkHost`. */
  received(end: End, bytes: Uint8Array): void {
    const attacked = this.#attacked.get(end);
    if (attacked === undefined) return;
    for (const event of attacked.link.receive(bytes, this.#member.now)) {
      if (event.type === "open") this.#prove(attacked, event.handshakeHash);
      if (event.type === "frame" && decodeMessage(event.kind, event.body)?.type === "prove") {
        // Both their stores are read, and either may be damaged.
        this.#member.unlessDamaged(() => attacked.target.unlessDamaged(() => this.#fire(attacked)));
      }
      if (event.type === "closed") this.#network.close(end);
    }
    this.#network.taken(end, bytes.length);
    this.#network.pump(end);
  }

  /** Part of `NetworkHost`. */
  disconnected(end: End): void {
    this.#attacked.delete(end);
  }

  /** Part of `NetworkHost`. */
  pull(end: End, maxBytes: number): Uint8Array | null {
    return this.#attacked.get(end)?.link.pull(maxBytes, this.#member.now) ?? null;
  }

  /** Whom it dialled at an address; dials may come about in another order than they were made in. */
  #takeDialled(address: string): SimPeer {
    const place = this.#dialled.findIndex((dialled) => dialled.address === address);
    return (this.#dialled.splice(place, 1)[0] as { target: SimPeer }).target;
  }

  #prove(attacked: Attacked, handshakeHash: Uint8Array): void {
    const secret = new SpaceState(this.#member.store).epochs.at(-1)?.secret as Uint8Array;
    const mac = spaceProof(secret, handshakeHash, "out", this.#member.identity.peerId);
    this.#send(attacked, { type: "prove", mac });
  }

  #fire(attacked: Attacked): void {
    const { store } = this.#member;
    const space = new SpaceState(store).space as Uint8Array;
    const kind = this.#prng.pick(this.#attacks);
    // In, but without the space's data yet: there is nothing to build upon.
    if (store.transactionsTotal === 0) return;
    this.#greet(attacked);
    if (kind !== "forge") {
      for (const shot of this.#mischief.draw(kind, attacked.target, space)) this.#send(attacked, shot);
      if (kind === "truncate" && this.#prng.chance(0.5)) this.#network.lose(attacked.end);
      return;
    }
    for (const forgery of this.#forgeries.draw(attacked.target, space)) {
      const id = sha256(forgery.header);
      if (!store.hasTransaction(id)) this.#checks.forged.add(toHex(id));
      this.#send(attacked, { type: "transactions", list: [forgery] });
    }
  }

  /** Between members nothing is taken before it. */
  #greet(attacked: Attacked): void {
    const { identity, now } = this.#member;
    const record = { peer: identity.peerId, dateMs: Math.max(0, Math.floor(now.wallMs)), name: "", addresses: [] };
    const signature = identity.sign(DOMAINS.record, recordMessage(record));
    const version = this.#prng.pick(["0.1.0", "sim"]);
    this.#send(attacked, { type: "hello", version, record: { ...record, signature } });
  }

  #send({ link }: Attacked, shot: Shot): void {
    if (link.state !== "open") return;
    if (shot.type === "raw") {
      link.send(shot.kind, shot.body, "control");
      return;
    }
    const { kind, body } = encodeMessage(shot);
    link.send(kind, body, "control");
  }
}
