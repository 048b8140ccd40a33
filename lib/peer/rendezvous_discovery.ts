import { equal } from "../base/bytes.ts";
import type { Now } from "../base/clock.ts";
import type { CloseReason } from "../base/errors.ts";
import type { PeerEvent } from "../base/event.ts";
import { ipOfEndpoint, isPublic } from "../base/ip_address.ts";
import type { Random } from "../base/random.ts";
import type { Identity } from "../crypto/identity.ts";
import { type Company, Rendezvous, type RendezvousHint } from "../mesh/rendezvous.ts";
import type { Membership } from "../space/membership.ts";
import type { Joiner } from "./joiner.ts";
import { type LanDiscovery, lanKeysOf } from "./lan_discovery.ts";
import type { Links } from "./links.ts";
import type { Stage } from "./stage.ts";
import type { Effect, Input, TicketKeys } from "./machine.ts";
import { portOf } from "./source_address.ts";
import type { SpaceState } from "./space_state.ts";

/** What rendezvous in the DHT works upon. */
export interface RendezvousDiscoveryParts {
  readonly identity: Identity;
  readonly random: Random;
  readonly space: SpaceState;
  readonly membership: Membership;
  readonly links: Links;
  readonly lan: LanDiscovery;
  readonly joiner: () => Joiner;
  readonly dial: (address: string) => void;
  /** Where this peer can be dialled: where others reached it, then where it listens, and is forwarded by a router. */
  readonly own: () => readonly string[];
  /** Whether a member is linked that can be dialled at an address. */
  readonly isLinkedAt: (address: string) => boolean;
  readonly emit: (event: PeerEvent) => void;
}

/** Peers that meet in the DHT: who looks for whom, and who is told what was found. */
export class RendezvousDiscovery {
  readonly #parts: RendezvousDiscoveryParts;
  readonly #rendezvous: Rendezvous;
  #sought: readonly Uint8Array[] = [];
  #wallMs = 0;
  /** Whether there is a host that told how it stands. */
  #isTold = false;

  constructor(parts: RendezvousDiscoveryParts) {
    this.#parts = parts;
    this.#rendezvous = new Rendezvous({
      random: parts.random,
      emit: parts.emit,
      company: () => this.#company(),
      members: () => parts.membership.members().length,
      outerPort: () => this.#outerPort(),
      keys: () => ({ epoch: parts.lan.epoch(), doors: parts.lan.doors(this.#wallMs), sought: this.#sought }),
    });
  }

  /** Whether it is used. */
  get isOn(): boolean {
    return this.#rendezvous.problem === null;
  }

  /** Takes an input that is about the DHT. */
  take(input: Extract<Input, { type: "dht_network" | "dht_found" | "dht_done" }>, now: Now): void {
    this.#wallMs = now.wallMs;
    if (input.type === "dht_done") return this.#rendezvous.done(input.key, input.problem, now);
    if (input.type === "dht_found") {
      const { isLinkedAt, own } = this.#parts;
      const known = own();
      const addresses = input.addresses.filter((address) => !known.includes(address) && !isLinkedAt(address));
      for (const hint of this.#rendezvous.found(input.key, addresses, now)) this.#follow(hint, now);
      return;
    }
    this.#isTold = true;
    this.#rendezvous.networkChanged(input.network, now);
  }

  /** Members, links, invites or epochs may have changed. */
  changed(now: Now): void {
    this.#wallMs = now.wallMs;
    if (this.isOn) this.#rendezvous.changed(now);
  }

  /** A link or an attempt at one ended. */
  closed(address: string, stage: Stage, reason: CloseReason, now: Now): void {
    if (reason === "self") this.#rendezvous.isSelf(address);
    if (stage === "member") this.changed(now);
  }

  /** Looks for the doors of a ticket; null: not any more. */
  seek(keys: TicketKeys | null, now: Now): void {
    this.#sought = keys === null ? [] : lanKeysOf(keys);
    this.changed(now);
  }

  /** What came of looking for a door, as a part of a sentence; null where there is no DHT to speak of. */
  findings(): string | null {
    if (!this.#isTold) return null;
    const { problem, wasAnswered } = this.#rendezvous;
    if (problem !== null) return `nobody was looked for in the DHT, since ${problem}`;
    return wasAnswered ? "nor is a door for it found in the DHT" : "no node of the DHT answers so far";
  }

  /** Does what is due. */
  tick(now: Now): void {
    this.#wallMs = now.wallMs;
    this.#rendezvous.tick(now);
  }

  /** The monotonic time in ms at which `tick` is due. */
  deadline(): number {
    return this.#rendezvous.deadline();
  }

  /** What is to be asked. */
  takeEffects(): Effect[] {
    return this.#rendezvous.takeQueries().map((query) => ({ type: "dht_query", query }));
  }

  #follow({ kind, address }: RendezvousHint, now: Now): void {
    if (kind === "door") this.#parts.joiner().hinted(address, now);
    else this.#parts.dial(address);
  }

  /** The DHT knows IPv4 alone. */
  #outerPort(): number | null {
    const outer = this.#parts.own().find((address) => {
      const ip = ipOfEndpoint(address);
      return ip !== null && ip.length === 4 && isPublic(ip);
    });
    return outer === undefined ? null : Number(portOf(outer));
  }

  #company(): Company {
    const { space, membership, identity, links } = this.#parts;
    if (space.space === null) return "nobody";
    const others = membership.members().filter(({ peer }) => !equal(peer, identity.peerId)).length;
    const linked = new Set([...links.members()].map(({ peer }) => peer)).size;
    // Before the space has arrived its members are not known.
    if (others === 0) return linked === 0 && space.isArriving ? "none" : "nobody";
    return linked === 0 ? "none" : linked < others ? "some" : "all";
  }
}
