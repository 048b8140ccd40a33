import { Identity } from "../../lib/crypto/identity.ts";
import { Link } from "../../lib/link/link.ts";
import type { LinkEvent } from "../../lib/link/link_types.ts";
import { decodeMessage, encodeMessage, type Message } from "../../lib/wire/message.ts";
import type { Lab } from "../sim/lab.ts";
import type { End, NetworkHost } from "../sim/network.ts";

/** What a stranger does on a link of its own making or that somebody dialled to it. */
export interface Conduct {
  /** The handshake is finished. */
  opened?(link: Session): void;
  /** A message came in. */
  message?(link: Session, message: Message): void;
}

/** One link of a stranger. */
export interface Session {
  readonly handshakeHash: Uint8Array;
  send(message: Message): void;
}

/** Somebody who speaks the protocol up to the handshake, and behind it does whatever a test wants. */
export class Stranger implements NetworkHost {
  readonly index: number;
  readonly life = 0;
  readonly identity: Identity;
  /** Messages that came in. */
  readonly messages: Message[] = [];
  /** Why its links were closed, in order, as the other side told it. */
  readonly closed: string[] = [];
  readonly #lab: Lab;
  readonly #conduct: Conduct;
  readonly #links = new Map<End, Link>();
  listensAt: string;

  constructor(lab: Lab, conduct: Conduct = {}, identity: Identity = Identity.generate(lab.prng)) {
    this.#lab = lab;
    this.#conduct = conduct;
    this.identity = identity;
    this.index = 1000 + lab.prng.below(1_000_000);
    this.listensAt = `10.1.0.${this.index}:1`;
    lab.network.add(this);
  }

  /** Dials a peer, or whoever listens. */
  dial(peer: Pick<NetworkHost, "listensAt">): void {
    this.#lab.network.dial(this, peer.listensAt as string);
  }

  /** Dials a peer, and waits until the link is closed. @returns the reason. */
  closedBy(peer: Pick<NetworkHost, "listensAt">): string {
    const before = this.closed.length;
    this.dial(peer);
    this.#lab.until(() => this.closed.length > before, "the link to be closed");
    return this.closed.at(-1) as string;
  }

  /** Sends what was said outside of what its conduct does. */
  flush(): void {
    for (const end of this.#links.keys()) this.#lab.network.pump(end);
  }

  /** Breaks its links. */
  leave(): void {
    for (const end of [...this.#links.keys()]) this.#lab.network.lose(end);
  }

  connected(end: End, direction: "in" | "out"): void {
    const options = { identity: this.identity, random: this.#lab.prng, now: this.#now, address: "" };
    this.#links.set(end, new Link({ direction, ...options }));
    this.#lab.network.pump(end);
  }

  received(end: End, bytes: Uint8Array): void {
    const link = this.#links.get(end);
    if (link !== undefined) { for (const event of link.receive(bytes, this.#now)) this.#happened(end, event, link); }
    this.#lab.network.taken(end, bytes.length);
    this.#lab.network.pump(end);
  }

  dialFailed(_address: string, detail: string): void {
    this.closed.push(detail);
  }

  #happened(end: End, event: LinkEvent, link: Link): void {
    const session: Session = {
      handshakeHash: link.handshakeHash ?? new Uint8Array(),
      send: (message) => {
        const { kind, body } = encodeMessage(message);
        if (link.state === "open") link.send(kind, body, "control");
      },
    };
    if (event.type === "open") this.#conduct.opened?.(session);
    if (event.type === "closed") {
      this.closed.push(event.reason);
      this.#lab.network.close(end);
    }
    if (event.type !== "frame") return;
    const message = decodeMessage(event.kind, event.body.slice());
    if (message === null) return;
    this.messages.push(message);
    this.#conduct.message?.(session, message);
  }

  disconnected(end: End): void {
    this.#links.delete(end);
  }

  pull(end: End, maxBytes: number): Uint8Array | null {
    return this.#links.get(end)?.pull(maxBytes, this.#now) ?? null;
  }

  get #now() {
    return { monotonicMs: this.#lab.schedule.nowMs, wallMs: 0 };
  }
}
