import { createApi } from "../api/api.ts";
import { VERSION } from "../base/version.ts";
import { Host } from "../host/host.ts";
import { RelayHost, type RelayHostOptions } from "../host/relay_host.ts";
import { serveText } from "../text/text_server.ts";
import type { RunningPeer, RunningRelay, StartOptions } from "./backend.ts";

/** Runs a peer in this process. @throws {KithError} as `Host.start`, and where the text protocol can't be served. */
export async function startPeer(options: StartOptions): Promise<RunningPeer> {
  const { text, ...hostOptions } = options;
  const host = await Host.start({ ...hostOptions, version: VERSION, api: createApi });
  const speaksText = options.offline ? undefined : text ?? host.config().text;
  let textAddress: string | null = null;
  try {
    if (speaksText !== undefined) textAddress = serveText(host, speaksText);
  } catch (error) {
    await host.stop("could not start");
    throw error;
  }
  return {
    transport: createApi(host),
    home: host.paths.home,
    addresses: host.addresses,
    text: textAddress,
    otherPort: host.otherPort,
    notices: host.notices,
    onEvent: (heard) => host.onEvent(heard),
    stopped: host.stopped,
    get failure() {
      return host.failure;
    },
    stop: () => host.stop("asked to stop"),
  };
}

/** Runs a public relay in this process. @throws {KithError} as `RelayHost.start`. */
export async function startRelay(options: RelayHostOptions): Promise<RunningRelay> {
  const host = await RelayHost.start(options);
  const { text, addresses, home, stopped } = host;
  return {
    ...{ text, addresses, home, stopped },
    counts: () => host.counts,
    onUdp: (heard) => host.onUdp(heard),
    get failure() {
      return host.failure;
    },
    stop: () => host.stop(),
  };
}
