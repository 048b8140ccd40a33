import type { PeerEvent } from "../base/event.ts";
import { DhtService } from "./dht_service.ts";
import type { Driver } from "./driver.ts";
import type { HostSettings } from "./host_options.ts";
import { LanService } from "./lan_service.ts";
import { networkInterfaces } from "./network_watch.ts";
import type { OwnAddresses } from "./own_addresses.ts";
import { PortMapper } from "./port_mapper.ts";
import { QuicService } from "./quic_service.ts";

/** What the services work upon. */
export interface NetworkServicesParts {
  readonly settings: HostSettings;
  readonly addresses: OwnAddresses;
  /** What runs the peer; asked for from `start` on. */
  readonly driver: () => Driver;
  readonly event: (event: PeerEvent) => void;
}

/** What finds other peers, and what has this one found and reached. */
export class NetworkServices {
  readonly lan: LanService;
  readonly dht: DhtService;
  readonly portMapper: PortMapper;
  readonly quic: QuicService;

  /** @throws {KithError} `usage` where a setting is none. */
  constructor({ settings, addresses, driver, event }: NetworkServicesParts) {
    this.dht = new DhtService({
      isOn: settings.usesDht,
      bootstrap: settings.dhtBootstrap,
      addresses,
      push: (input) => driver().push(input),
      event,
    });
    this.lan = new LanService({
      isOn: settings.usesLan,
      addresses,
      closeGone: (present) => driver().network.closeGone(present),
      networkChanged: () => {
        this.dht.networkChanged();
        this.portMapper.networkChanged();
        this.quic.networkChanged();
      },
      push: (input) => driver().push(input),
      event,
    });
    this.portMapper = new PortMapper({
      isOn: settings.mapsPorts,
      portAt: (address) => addresses.portAt(address),
      interfaces: networkInterfaces,
      mapped: (address) => {
        addresses.map(address);
        driver().push({ type: "addresses_changed" });
      },
      event,
    });
    this.quic = new QuicService({
      isOn: settings.punches,
      listening: addresses.listening,
      network: () => driver().network,
      accepted: (socket, address) => driver().network.acceptedByQuic(socket, address),
      push: (input) => driver().push(input),
      event,
    });
  }

  /** Begins; resolves once it is known how it stands with the local network. */
  async start(): Promise<void> {
    await this.lan.start();
    this.dht.start();
    this.portMapper.start();
    this.quic.start();
  }

  /** Ends it. */
  async stop(): Promise<void> {
    await Promise.all([this.lan.stop(), this.dht.stop(), this.portMapper.stop(), this.quic.stop()]);
  }
}
