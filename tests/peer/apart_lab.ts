import type { PeerEvent } from "../../lib/base/event.ts";
import type { RelayAddress } from "../../lib/mesh/relay_address.ts";
import { Lab } from "../sim/lab.ts";
import type { SimPeer } from "../sim/sim_peer.ts";
import { SimRelay } from "../sim/sim_relay.ts";

/** Two peers that can't reach each other, and a relay that is no member, which both reach. */
export class ApartLab extends Lab {
  readonly relay = new SimRelay(this);
  readonly told: PeerEvent[] = [];
  readonly a: SimPeer;
  readonly b: SimPeer;

  constructor(ofB: Partial<RelayAddress> = {}) {
    super();
    const { address } = this.relay;
    this.a = this.add({ publicRelay: address });
    this.b = this.add({ publicRelay: { ...address, ...ofB }, heard: (event) => void this.told.push(event) });
    this.network.cut(this.a, this.b);
    this.ask(this.a, { type: "create_space" });
  }

  /** Lets the second one in by a ticket of the first, through the relay. */
  joinApart(): void {
    this.ask(this.b, { type: "join", keys: this.invite(this.a), addresses: [] });
    this.untilHealed();
  }

  viewOf(peer: SimPeer) {
    return peer.machine?.status().publicRelay ?? null;
  }
}
