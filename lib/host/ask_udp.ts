import dgram from "node:dgram";

/** When a packet is sent again, in ms after it was sent; the last one is when to give up. RFC 6886, 3.1, cut short. */
const SENT_AGAIN_AFTER_MS = [250, 500, 1000];

/** Where a packet goes, and what is heard of. */
export interface UdpAsking<T> {
  /** This machine's address to send it from. */
  readonly localAddress: string;
  readonly host: string;
  readonly port: number;
  readonly packet: Uint8Array;
  /** Whether who answers is another than who is asked, as with multicast. */
  readonly fromAnybody?: boolean;
  /** The answer's meaning; null for what is none. What it throws ends the asking. */
  readonly take: (answer: Uint8Array, from: string) => T | null;
  readonly signal: AbortSignal;
}

/**
 * Sends a packet, and again while no answer comes.
 *
 * @returns null where none came in time, or it can't be sent.
 */
export function askUdp<T>(asking: UdpAsking<T>): Promise<T | null> {
  const { localAddress, host, port, packet, fromAnybody = false, take, signal } = asking;
  const { promise, resolve, reject } = Promise.withResolvers<T | null>();
  if (signal.aborted) return Promise.resolve(null);
  const socket = dgram.createSocket({ type: "udp4" });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const giveUp = () => resolve(null);
  // A network that is not there, or does not want it, is nobody who answers.
  const sent = (error: Error | null) => void (error !== null && resolve(null));
  const send = (time: number) => {
    const pauseMs = SENT_AGAIN_AFTER_MS[time];
    if (pauseMs === undefined) return resolve(null);
    socket.send(packet, port, host, sent);
    timer = setTimeout(() => send(time + 1), pauseMs);
  };
  signal.addEventListener("abort", giveUp, { once: true });
  socket.on("error", giveUp);
  socket.on("message", (answer, from) => {
    if (!fromAnybody && (from.address !== host || from.port !== port)) return;
    try {
      const taken = take(answer, from.address);
      if (taken !== null) resolve(taken);
    } catch (error) {
      reject(error);
    }
  });
  socket.bind({ port: 0, address: localAddress }, () => {
    try {
      if (fromAnybody) socket.setMulticastInterface(localAddress);
      send(0);
    } catch {
      // An interface need not be one for multicast.
      giveUp();
    }
  });
  return promise.finally(() => {
    clearTimeout(timer);
    signal.removeEventListener("abort", giveUp);
    socket.close();
  });
}
