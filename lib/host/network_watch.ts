import { NETWORK_WATCH_MS } from "../base/limits.ts";

/** More than a busy machine delays a timer, or a clock is set by: the machine slept. */
const SLEPT_MS = 15_000;

/**
 * Calls back when this machine's addresses changed, or when it woke from sleep, of which neither the system nor Deno
 * tells.
 *
 * @param changed is told the addresses that it has now, and whether it slept.
 *
 * @returns ends the watch.
 */
export function watchNetwork(changed: (addresses: readonly string[], slept: boolean) => void): () => void {
  let addresses = interfaceAddresses();
  let wallMs = Date.now();
  const timer = setInterval(() => {
    const before = addresses;
    const sleptMs = Date.now() - wallMs - NETWORK_WATCH_MS;
    addresses = interfaceAddresses();
    wallMs = Date.now();
    const slept = sleptMs > SLEPT_MS;
    if (addresses !== before || slept) changed(addresses.split(" "), slept);
  }, NETWORK_WATCH_MS);
  return () => clearInterval(timer);
}

/** The addresses of this machine's interfaces; none where asking is not permitted. */
export function networkInterfaces(): Deno.NetworkInterfaceInfo[] {
  try {
    return Deno.networkInterfaces();
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return [];
    throw error;
  }
}

function interfaceAddresses(): string {
  return networkInterfaces().map(({ address }) => address).sort().join(" ");
}
