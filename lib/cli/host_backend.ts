import { createApi } from "../api/api.ts";
import { carriedIn, carryOut } from "../api/carry.ts";
import { KithError } from "../base/errors.ts";
import { VERSION } from "../base/version.ts";
import { connectControl } from "../host/control.ts";
import { type HomePaths, homePaths, resolveHome } from "../host/home.ts";
import { Host } from "../host/host.ts";
import { homeOwner, lockHome } from "../host/lock.ts";
import { checkNetwork } from "../host/network_check.ts";
import { giveUp } from "../host/privileges.ts";
import { mayRun, runProgram } from "../host/program.ts";
import { RelayHost, type RelayHostOptions } from "../host/relay_host.ts";
import { restoreBackup } from "../host/restore.ts";
import { controlPath } from "../host/runtime_folder.ts";
import { exchangeText } from "../text/text_exchange.ts";
import { serveText } from "../text/text_server.ts";
import { WIRE_VERSION } from "../wire/hello.ts";
import type { Backend, Connection, Paths, RunningPeer, RunningRelay, StartOptions } from "./backend.ts";

/** How long a stopping peer may take, and how often it is looked at. */
const UNTIL_FREE_MS = 15_000;
const LOOK_AGAIN_AFTER_MS = 50;

/** The commands' way to real peers. */
export function hostBackend(): Backend {
  return {
    version: VERSION,
    versions: { wire: WIRE_VERSION },
    paths: (home) => allPaths(pathsOf(home)),
    connect: (home) => connect(pathsOf(home)),
    start,
    startRelay,
    untilFree: (home) => untilFree(pathsOf(home)),
    carryOut: (home) => carryOut(VERSION, home),
    carriedIn,
    giveUp,
    mayRun,
    run: runProgram,
    absolutePath: resolveHome,
    restore: (file, home) => {
      return restoreBackup(file, resolveHome(home), { bytes: (size) => crypto.getRandomValues(new Uint8Array(size)) });
    },
    checkNetwork: (home, options) => checkNetwork(pathsOf(home), options),
    textExchange: exchangeText,
  };
}

function pathsOf(home: string | undefined): HomePaths {
  return homePaths(resolveHome(home));
}

function allPaths(paths: HomePaths): Paths {
  return { ...paths, history: `${paths.home}/history`, control: controlPath(paths) };
}

async function connect(paths: HomePaths): Promise<Connection | null> {
  const control = await connectControl(paths);
  if (control === null) return null;
  return { transport: control.request, pid: homeOwner(paths), close: () => control.close() };
}

async function start(options: StartOptions): Promise<RunningPeer> {
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

async function startRelay(options: RelayHostOptions): Promise<RunningRelay> {
  const host = await RelayHost.start(options);
  const { text, addresses, home, stopped } = host;
  return {
    ...{ text, addresses, home, stopped },
    counts: () => host.counts,
    get failure() {
      return host.failure;
    },
    stop: () => host.stop(),
  };
}

async function untilFree(paths: HomePaths): Promise<void> {
  const endMs = performance.now() + UNTIL_FREE_MS;
  while (true) {
    try {
      (await lockHome(paths)).release();
      return;
    } catch (error) {
      if (!(error instanceof KithError && error.code === "home_owned")) throw error;
      if (performance.now() >= endMs) {
        const detail = `process ${error.values.pid} still uses the home`;
        throw new KithError("timed_out", { seconds: UNTIL_FREE_MS / 1000, detail }, error);
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_AFTER_MS));
    }
  }
}
