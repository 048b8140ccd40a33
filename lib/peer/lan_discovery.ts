import { toHex } from "../base/bytes.ts";
import type { Now } from "../base/clock.ts";
import type { PeerEvent } from "../base/event.ts";
import { MAX_LAN_DOORS } from "../base/limits.ts";
import type { Random } from "../base/random.ts";
import type { Identity } from "../crypto/identity.ts";
import { SigningKey } from "../crypto/sign.ts";
import { Lan, type LanFound } from "../mesh/lan.ts";
import { versionKey } from "../space/acts.ts";
import type { Membership } from "../space/membership.ts";
import type { Epochs } from "./epochs.ts";
import type { Joiner } from "./joiner.ts";
import type { Effect, Input, TicketKeys } from "./machine.ts";
import type { Neighbours } from "./neighbours.ts";
import type { SpaceState } from "./space_state.ts";

/** What discovery on a network works upon. */
export interface LanDiscoveryParts {
  readonly identity: Identity;
  readonly random: Random;
  readonly space: SpaceState;
  readonly epochs: Epochs;
  readonly membership: Membership;
  readonly joiner: () => Joiner;
  readonly neighbours: () => Neighbours;
  readonly emit: (event: PeerEvent) => void;
}

/** Peers that are found on the networks of this machine: who looks for whom, and who is told what was found. */
export class LanDiscovery {
  readonly #parts: LanDiscoveryParts;
  readonly #lan: Lan;
  #sought: readonly Uint8Array[] = [];
  #problem = "it is off";
  #wallMs = 0;

  constructor(parts: LanDiscoveryParts) {
    this.#parts = parts;
    this.#lan = new Lan({
      peer: parts.identity.peerId,
      random: parts.random,
      emit: parts.emit,
      keys: () => ({ epoch: this.epoch(), doors: this.doors(this.#wallMs), sought: this.#sought }),
    });
  }

  /** Whether it looks on any network. */
  get isOn(): boolean {
    return this.#lan.interfaces.length > 0;
  }

  /** Takes an input that is about networks. */
  take(input: Extract<Input, { type: "lan_interfaces" | "lan_received" | "lan_others" }>, now: Now): void {
    this.#wallMs = now.wallMs;
    if (input.type === "lan_others") return this.#lan.heardOthers();
    if (input.type === "lan_interfaces") {
      this.#problem = input.problem ?? "no network was found";
      return this.#lan.networkChanged(input.interfaces, input.port, now);
    }
    const found = this.#lan.received(input.message, input.interface, input.isOwnAddress, now);
    if (found !== null) this.#found(found, now);
  }

  /** Members, invites or epochs may have changed. */
  membershipChanged(now: Now): void {
    this.#wallMs = now.wallMs;
    this.#lan.keysChanged(now);
  }

  /** Looks for the doors of a ticket; null: not any more. */
  seek(keys: TicketKeys | null, now: Now): void {
    this.#wallMs = now.wallMs;
    this.#sought = keys === null ? [] : lanKeysOf(keys);
    this.#lan.keysChanged(now);
  }

  /** What was tried to find a door on the networks, and which side seems to fail: a part of a sentence. */
  findings(): string {
    const { interfaces, heard } = this.#lan;
    if (interfaces.length === 0) return `nobody was looked for on the local network, since ${this.#problem}`;
    const asked = `asked on ${interfaces.join(" and ")}`;
    if (heard.peers) return `${asked}: other peers answer, but none for which this ticket is good`;
    if (heard.others) return `${asked}: other machines are heard, but no peer for which this ticket is good`;
    if (heard.self) {
      return `${asked}: nobody is heard there, so the other machine is off or elsewhere, or this network or its ` +
        "firewall keeps back multicast (UDP port 5353)";
    }
    return `${asked}: not even the question came back, so this machine or its firewall keeps back multicast (UDP port 5353)`;
  }

  /** Does what is due. */
  tick(now: Now): void {
    this.#wallMs = now.wallMs;
    this.#lan.tick(now);
  }

  /** The monotonic time in ms at which `tick` is due. */
  deadline(): number {
    return this.#lan.deadline();
  }

  /** Says goodbye. */
  stop(): void {
    this.#lan.stop();
  }

  /** What is to be sent. */
  takeEffects(): Effect[] {
    return this.#lan.takeSends().map((send) => ({ type: "lan_send", ...send }));
  }

  #found(found: LanFound, now: Now): void {
    if (found.kind === "door") return this.#parts.joiner().found(found.addresses, now);
    const { membership, neighbours, identity } = { ...this.#parts, neighbours: this.#parts.neighbours() };
    // It is this peer's own, from before its network changed, or of a copy of its home.
    if (found.is(identity.peerId)) return;
    const member = membership.members().find(({ peer }) => found.is(peer));
    neighbours.foundNearby(member === undefined ? null : toHex(member.peer), found.addresses, now);
  }

  /** The newest secret that this peer shares with its members; null where it is in no space. */
  epoch(): Uint8Array | null {
    const { space, membership, identity, epochs } = this.#parts;
    const isMember = space.space !== null && (membership.standingOf(identity.peerId) !== null || space.isArriving);
    return isMember ? epochs.all().at(-1)?.secret ?? null : null;
  }

  /**
   * The LAN keys by which this peer answers those who hold a ticket, the newest first. Whoever was removed may know of
   * the invites before that: by them only their maker answers, under a key that follows from the ticket's secret alone.
   */
  doors(wallMs: number): Uint8Array[] {
    const { space, membership, identity } = this.#parts;
    if (space.space === null || membership.standingOf(identity.peerId) === null) return [];
    const secrets = space.inviteLanKeys;
    const keys: Uint8Array[] = [];
    for (const invite of membership.invites()) {
      if (keys.length >= MAX_LAN_DOORS) break;
      if (!membership.isOpen(invite, wallMs)) continue;
      const ownKey = secrets.get(versionKey(invite.version));
      const key = membership.isAfterRemovals(invite) ? invite.operation.subject : ownKey;
      if (key !== undefined) keys.push(key);
    }
    return keys;
  }
}

/**
 * The LAN keys of a ticket: a member knows of an invite its public key; where that may be known too widely, its maker
 * answers by the other.
 */
export function lanKeysOf(keys: TicketKeys): Uint8Array[] {
  return [SigningKey.fromSeed(keys.inviteSeed).publicKey, keys.tagKey];
}
