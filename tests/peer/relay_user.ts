import type { CloseReason } from "../../lib/base/errors.ts";
import type { Identity } from "../../lib/crypto/identity.ts";
import { Link } from "../../lib/link/link.ts";
import { CircuitEnd } from "../../lib/mesh/circuit_end.ts";
import { relayAccessProof } from "../../lib/mesh/relay_keys.ts";
import type { Message } from "../../lib/wire/message.ts";
import { relayReasonOf } from "../../lib/wire/relay_messages.ts";
import type { Lab } from "../sim/lab.ts";
import type { SimRelay } from "../sim/sim_relay.ts";
import { type Session, Stranger } from "./stranger.ts";

/** A client of a relay that does what a test wants once it is let in. */
export class RelayUser extends Stranger {
  session: Session | null = null;
  /** Whoever is led to it is let in that far, and then refused for that, as one with a ticket that is unknown; null for nobody. */
  refusesFor: CloseReason | null = null;
  /** How many it has refused. */
  refusals = 0;
  readonly #inside = new Map<number, CircuitEnd>();
  readonly #relay: SimRelay;
  readonly #clientLab: Lab;

  constructor(lab: Lab, relay: SimRelay, identity?: Identity) {
    super(lab, {
      opened: (link) => {
        const { accessKey } = relay.address;
        const mac = relayAccessProof(accessKey, link.handshakeHash, "out", this.identity.peerId);
        link.send({ type: "relay_access", mac });
      },
      message: (link, message) => {
        if (message.type === "relay_access") this.session = link;
        if (this.refusesFor !== null) this.#squat(link, message, this.refusesFor);
      },
    }, identity);
    this.#relay = relay;
    this.#clientLab = lab;
  }

  /** Links with the relay. */
  link(): this {
    this.dial(this.#relay);
    this.#clientLab.until(() => this.session !== null, "the relay to take it");
    return this;
  }

  /** Says something to the relay. */
  say(...messages: Message[]): void {
    for (const message of messages) this.session?.send(message);
    this.flush();
    this.#clientLab.wait(500);
  }

  #squat(session: Session, message: Message, reason: CloseReason): void {
    if (!("circuit" in message)) return;
    const now = { monotonicMs: this.#clientLab.schedule.nowMs, wallMs: 0 };
    if (message.type === "relay_incoming") {
      const { identity } = this;
      const link = new Link({ direction: "in", identity, random: this.#clientLab.prng, now, address: "" });
      const end = new CircuitEnd(message.circuit, null, {
        ...{ wake: () => {}, answered: () => {}, ended: () => {} },
        received: (bytes) => {
          for (const event of link.receive(bytes, now)) {
            if (event.type !== "frame") continue;
            this.refusals++;
            link.close(reason);
          }
        },
        pull: (maxBytes) => link.pull(maxBytes, now),
      }, now);
      this.#inside.set(message.circuit, end);
    }
    const end = this.#inside.get(message.circuit);
    if (message.type === "relay_data") end?.data(message.bytes, now);
    if (message.type === "relay_credit") end?.credit(message.sizeBytes, now);
    for (let said = end?.next(now); said; said = end?.next(now)) session.send(said);
  }

  /** Why circuits were closed, in order. */
  get closes(): string[] {
    return this.messages.flatMap((message) => message.type === "relay_close" ? [relayReasonOf(message.code)] : []);
  }
}
