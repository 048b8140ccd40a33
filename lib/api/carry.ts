import {
  decideCarried,
  dropCarried,
  putCarriedBack,
  setCarriedAside,
  waitingCarried,
  writeCarried,
} from "../host/carried.ts";
import { type HomePaths, homePaths, resolveHome } from "../host/home.ts";
import { Host } from "../host/host.ts";
import { readStream } from "../host/set_aside.ts";
import { createApi } from "./api.ts";

/** The data of a home that is on its way into another space. */
export interface Carrying {
  /** The home is in the other space: whatever happens, the data goes there. */
  joined(): void;
  /** Takes it all back, when the home did not get into the other space. Its peer must have stopped. */
  putBack(): void;
}

/** The data that a home took along into the space it is in, and that is not there yet. */
export interface Carried {
  /** Where it is. */
  readonly file: string;
  /** Where the store of the former space is kept. */
  readonly asidePath: string;
  /** The entries as `/v1/import` takes them. @throws {KithError} `home_…`. */
  read(): Promise<ReadableStream<Uint8Array>>;
  /** The entries are in the space: the file that held them goes. */
  arrived(): void;
}

/**
 * Takes the data out of a home whose peer does not run, so that the home can join another space: the entries go into
 * a file, the store is set aside, and the identity stays. Where that is not decided upon before the process ends, the
 * next start takes it back.
 *
 * @throws {KithError} `home_…`, `store_…`.
 */
export async function carryOut(version: string, home: string | undefined): Promise<Carrying> {
  const paths = pathsOf(home);
  const host = await Host.start({ version, home: paths.home, offline: true });
  try {
    const exported = await createApi(host)(new Request("http://kith/v1/export"));
    await writeCarried(paths, exported.body as ReadableStream<Uint8Array>);
  } finally {
    await host.stop("its data is carried over");
  }
  setCarriedAside(paths);
  return { joined: () => decideCarried(paths), putBack: () => putCarriedBack(paths) };
}

/** What waits to be brought into the space of a home; null where nothing does. */
export function carriedIn(home: string | undefined): Carried | null {
  const paths = pathsOf(home);
  const waiting = waitingCarried(paths);
  if (waiting === null) return null;
  return { ...waiting, read: () => readStream(waiting.file), arrived: () => dropCarried(paths) };
}

function pathsOf(home: string | undefined): HomePaths {
  return homePaths(resolveHome(home));
}
