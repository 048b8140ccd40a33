import { Host } from "../host/host.ts";
import { homePaths, resolveHome } from "../host/home.ts";
import { readStream, setStoreAside, writeStream } from "../host/set_aside.ts";
import { removeIfThere } from "../host/file_error.ts";
import { createApi } from "./api.ts";

/** The data of a home that is on its way into another space. */
export interface Carried {
  /** Number of its entries. */
  readonly entries: number;
  /** Where the store of the former space is kept. */
  readonly asidePath: string;
  /** The entries as `/v1/import` takes them. @throws {KithError} `home_…`. */
  read(): Promise<ReadableStream<Uint8Array>>;
  /** The entries are in the space that was joined: the file that held them goes. */
  arrived(): void;
  /** Takes it all back, when the home did not get into the other space. Its peer must have stopped. */
  putBack(): void;
}

/**
 * Takes the data out of a home whose peer does not run, so that the home can join another space: the entries go into
 * a file, the store is set aside, and the identity stays.
 *
 * @throws {KithError} `home_…`, `store_…`.
 */
export async function carryOut(version: string, home: string | undefined): Promise<Carried> {
  const paths = homePaths(resolveHome(home));
  const file = `${paths.home}/carried.ndjson`;
  const host = await Host.start({ version, home: paths.home, offline: true });
  let entries: number;
  try {
    entries = host.peer.status().entries;
    const exported = await createApi(host)(new Request("http://kith/v1/export"));
    await writeStream(file, exported.body as ReadableStream<Uint8Array>);
  } finally {
    await host.stop("its data is carried over");
  }
  const aside = setStoreAside(paths, Date.now());
  return {
    entries,
    asidePath: aside.path,
    read: () => readStream(file),
    arrived: () => removeIfThere(file),
    putBack() {
      aside.putBack();
      removeIfThere(file);
    },
  };
}
