import { KithError } from "../base/errors.ts";
import type { Store } from "../store/store.ts";
import { type BackupNote, writeBackup } from "./backup.ts";
import type { HomePaths } from "./home.ts";

/** Copies the store of a home, while it is used, into backups: one at a time. */
export class StoreCopier implements Disposable {
  readonly #paths: HomePaths;
  readonly #store: Store;
  /** The database file. Once open it stays so: with it would go the locks that SQLite has on the file. */
  #file: Deno.FsFile | null = null;
  #isBusy = false;
  #isOver = false;

  constructor(paths: HomePaths, store: Store) {
    this.#paths = paths;
    this.#store = store;
  }

  /** Writes the home into one file. @throws {KithError} `backup_…`, `busy`, `store_…`. */
  async backup(path: string, about: Omit<BackupNote, "v" | "files">): Promise<BackupNote> {
    if (this.#isBusy) throw new KithError("busy", { limit: 1 });
    this.#isBusy = true;
    try {
      const sizeBytes = this.#store.file.beginCopy();
      try {
        this.#file ??= Deno.openSync(this.#paths.store);
        return await writeBackup(this.#paths, { file: this.#file, sizeBytes }, path, about);
      } finally {
        if (!this.#isOver) this.#store.file.endCopy();
      }
    } finally {
      this.#isBusy = false;
    }
  }

  /** Ends it, when the store is about to be closed. */
  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#file?.close();
  }
}
