import { ipOfEndpoint, isPublic } from "../base/ip_address.ts";
import { RELAY_REPORT_EVERY_MS } from "../base/limits.ts";
import type { RelayUdp } from "../host/relay_host.ts";
import type { PublicRelayCounts } from "../peer/public_relay.ts";
import type { RunningRelay } from "./backend.ts";
import { type Context, EXIT_OK } from "./context.ts";
import { escapeText } from "./escape.ts";
import { formatCount, formatNumber, formatSize } from "./format.ts";
import { usageError } from "./usage.ts";

/** `relay`. */
export async function relay(context: Context): Promise<number> {
  const { backend, flags, output, prompted, signal } = context;
  if (prompted !== null) throw usageError("'kith relay' runs by itself; type it at a shell.");
  const running = await backend.startRelay({
    ...context.homeOption(),
    ...(flags.has("listen") ? { listen: flags.list("listen") } : {}),
    ...(flags.has("address") ? { addresses: flags.list("address") } : {}),
    ...(flags.has("no-punch") ? { punch: !flags.on("no-punch") } : {}),
  });
  context.endsItself = true;
  const interrupted = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
  const { text, addresses, home } = running;
  if (output.json) output.object({ event: "ready", relay: text, addresses, home });
  else {
    output.line(text);
    output.words(
      `A relay at ${
        addresses.map(escapeText).join(" and ")
      }. Peers use it with 'kith up --relay' and 'kith join --relay' ` +
        "and the text above; who knows that may use it too, so pass it on as you would a key. Ctrl-C ends it.",
    );
  }
  if (!addresses.some(isOpen)) {
    output.warning(
      "None of these addresses is a public one, so nobody outside this network reaches the relay by its text. Where it " +
        "is reached at another address, as behind a router or on a rented machine, name that: --address HOST:PORT.",
    );
  }
  using _report = reports(context, running);
  try {
    await Promise.race([interrupted, running.stopped]);
  } finally {
    await running.stop();
  }
  if (running.failure !== null) throw running.failure;
  return EXIT_OK;
}

/** Whether an address is one of the public net, or may be by its name. */
function isOpen(address: string): boolean {
  const ip = ipOfEndpoint(address);
  return ip === null || isPublic(ip);
}

/**
 * Says at which UDP port the relay answers, once that is known, and what it carries whenever that has changed, but not
 * more often than RELAY_REPORT_EVERY_MS. For people beside the results, since these are the text that others read from a
 * file.
 */
function reports({ output }: Context, running: RunningRelay): Disposable {
  let told = countsText(running.counts());
  let isRead = true;
  const tell = (fields: Readonly<Record<string, unknown>>, text: string) => {
    if (!isRead) return;
    try {
      if (output.json) output.object(fields);
      else output.words(text);
    } catch {
      // Nobody reads any more, or the disk is full: whatever becomes of its words, the relay serves on.
      clearInterval(timer);
      isRead = false;
    }
  };
  const report = () => {
    const counts = running.counts();
    const text = countsText(counts);
    if (text === told) return;
    told = text;
    const { clients, circuits, carriedBytes, refused } = counts;
    tell({ event: "counts", clients, circuits, carried: carriedBytes, refused }, text);
  };
  const timer = setInterval(report, RELAY_REPORT_EVERY_MS);
  let toldUdp = "";
  running.onUdp((udp) => {
    const text = udpText(udp);
    if (text !== toldUdp) tell({ event: "udp", ...udp }, text);
    toldUdp = text;
  });
  return {
    [Symbol.dispose]: () => {
      clearInterval(timer);
      report();
    },
  };
}

function udpText({ port, problem }: RelayUdp): string {
  if (port === null) {
    return `Nobody is told by UDP where the relay sees it, so that fewer peers can punch a hole: ${
      escapeText(problem ?? "")
    }.`;
  }
  return `At UDP port ${port} it tells peers where it sees them, so that they can punch a hole: let that port in as well.`;
}

function countsText({ clients, circuits, carriedBytes, refused }: PublicRelayCounts): string {
  const reasons = Object.entries(refused).map(([reason, count]) =>
    `${reason.replaceAll("_", " ")} ${formatNumber(count)}`
  );
  return `${formatCount(clients, "peer")}, ${formatCount(circuits, "link")} between them, ${
    formatSize(carriedBytes)
  } so far` +
    (reasons.length === 0 ? "" : `; refused: ${reasons.join(", ")}`);
}
