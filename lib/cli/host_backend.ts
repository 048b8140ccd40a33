import { KithError } from "../base/errors.ts";
import { VERSION } from "../base/version.ts";
import { connectControl } from "../host/control.ts";
import { type HomePaths, homePaths, resolveHome } from "../host/home.ts";
import { homeOwner, lockHome } from "../host/lock.ts";
import { giveUp } from "../host/privileges.ts";
import { mayRun, runProgram } from "../host/program.ts";
import { controlPath } from "../host/runtime_folder.ts";
import { WIRE_VERSION } from "../wire/hello.ts";
import type { Backend, Connection, Paths } from "./backend.ts";

/** How long a stopping peer may take, and how often it is looked at. */
const UNTIL_FREE_MS = 15_000;
const LOOK_AGAIN_AFTER_MS = 50;

/**
 * The commands' way to real peers. What runs one in this process is most of kith, and is loaded where that is wanted:
 * most commands only ask one that runs already.
 */
export function hostBackend(): Backend {
  return {
    version: VERSION,
    versions: { wire: WIRE_VERSION },
    paths: (home) => allPaths(pathsOf(home)),
    connect: (home) => connect(pathsOf(home)),
    start: async (options) => await (await import("./peer_backend.ts")).startPeer(options),
    startRelay: async (options) => await (await import("./peer_backend.ts")).startRelay(options),
    untilFree: (home) => untilFree(pathsOf(home)),
    carryOut: async (home) => await (await import("../api/carry.ts")).carryOut(VERSION, home),
    carriedIn: async (home) => (await import("../api/carry.ts")).carriedIn(home),
    giveUp,
    mayRun,
    run: runProgram,
    absolutePath: resolveHome,
    restore: async (file, home) => {
      const { restoreBackup } = await import("../host/restore.ts");
      return restoreBackup(file, resolveHome(home), { bytes: (size) => crypto.getRandomValues(new Uint8Array(size)) });
    },
    checkNetwork: async (home, options) => {
      return await (await import("../host/network_check.ts")).checkNetwork(pathsOf(home), options);
    },
    textExchange: async (address, transport, signal) => {
      return await (await import("../text/text_exchange.ts")).exchangeText(address, transport, signal);
    },
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
