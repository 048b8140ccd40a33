import { KithError } from "../base/errors.ts";
import { ACCEPT_RETRY_MS } from "../base/limits.ts";
import { addressText, type Endpoint } from "./address.ts";

/** The port that kith listens on unless told otherwise, and that an address without a port means. */
export const DEFAULT_PORT = 5484;
/** Ports tried after the default one is found busy, before the system may choose. */
const NEXT_PORTS = 10;

/**
 * Listens on exactly these endpoints.
 *
 * @throws {KithError} `port_in_use`, `address_unusable`.
 */
export function listenOn(endpoints: readonly Endpoint[]): Deno.TcpListener[] {
  const listeners: Deno.TcpListener[] = [];
  try {
    for (const endpoint of endpoints) listeners.push(...listenOnOne(endpoint));
  } catch (error) {
    for (const listener of listeners) listener.close();
    throw error;
  }
  return listeners;
}

/**
 * Listens on all interfaces: on the default port, else on one of the next, else on one that the system chooses.
 *
 * @param firstPort where to begin. Default: DEFAULT_PORT.
 */
export function listenAnywhere(firstPort: number = DEFAULT_PORT): Deno.TcpListener[] {
  for (let port = firstPort; port <= firstPort + NEXT_PORTS; port++) {
    try {
      return listenOn([{ hostname: "::", port }]);
    } catch (error) {
      if (!(error instanceof KithError && error.code === "port_in_use")) throw error;
    }
  }
  return listenOn([{ hostname: "::", port: 0 }]);
}

/** Hands over every connection that comes in, until the listener is closed. */
export async function acceptAll(
  listener: Deno.TcpListener,
  accepted: (conn: Deno.TcpConn) => void,
  refused: (error: unknown) => void,
): Promise<void> {
  while (true) {
    try {
      accepted(await listener.accept());
    } catch (error) {
      if (error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted) return;
      refused(error);
      await new Promise((resolve) => setTimeout(resolve, ACCEPT_RETRY_MS));
    }
  }
}

function listenOnOne(endpoint: Endpoint): Deno.TcpListener[] {
  if (endpoint.hostname !== "::") return [listenTcp(endpoint)];
  let listener: Deno.TcpListener;
  try {
    listener = listenTcp(endpoint);
  } catch (error) {
    // Where IPv6 is switched off, "all interfaces" still means those of IPv4.
    if (error instanceof KithError && error.code === "port_in_use") throw error;
    return [listenTcp({ hostname: "0.0.0.0", port: endpoint.port })];
  }
  // On Windows an IPv6 socket does not take IPv4 connections as well.
  if (Deno.build.os !== "windows") return [listener];
  return [listener, listenTcp({ hostname: "0.0.0.0", port: listener.addr.port })];
}

function listenTcp(endpoint: Endpoint): Deno.TcpListener {
  try {
    return Deno.listen({ hostname: endpoint.hostname, port: endpoint.port });
  } catch (error) {
    const address = addressText(endpoint);
    if (error instanceof Deno.errors.AddrInUse) throw new KithError("port_in_use", { address }, error);
    const detail = error instanceof Error ? error.message : String(error);
    throw new KithError("address_unusable", { address, detail }, error);
  }
}
