import { assertEquals } from "@std/assert";

/** Why there can be no small disk here, as the end of a test's name; empty where there can be one. */
export const NO_SMALL_DISK = await canMount() ? "" : " (skipped: a mount namespace can't be made here)";

/** A disk of its own, seen only by what is run with `wrapper`: a tmpfs in a mount namespace. */
export class SmallDisk implements AsyncDisposable {
  readonly #holder: Deno.ChildProcess;

  private constructor(holder: Deno.ChildProcess, readonly folder: string) {
    this.#holder = holder;
  }

  /** Makes one. @param size as tmpfs takes it, such as `1m`. */
  static async mount(size: string): Promise<SmallDisk> {
    const folder = Deno.makeTempDirSync({ prefix: "kith-disk-" });
    const script = 'mount -t tmpfs -o "size=$1" none "$2" && echo mounted && exec cat';
    const holder = new Deno.Command("unshare", {
      args: ["--map-root-user", "--mount", "sh", "-c", script, "sh", size, folder],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const reader = holder.stdout.getReader();
    const { value } = await reader.read();
    reader.releaseLock();
    assertEquals(new TextDecoder().decode(value), "mounted\n");
    return new SmallDisk(holder, folder);
  }

  /** Words before a command that is to see the disk. */
  get wrapper(): string[] {
    return ["nsenter", "--target", String(this.#holder.pid), "--user", "--mount", "--preserve-credentials"];
  }

  /** Changes it. @param options of mount, such as `ro` or `size=4m`. */
  async remount(options: string): Promise<void> {
    const [command = "", ...args] = [...this.wrapper, "mount", "-o", `remount,${options}`, this.folder];
    const { success, stderr } = await new Deno.Command(command, { args }).output();
    assertEquals([success, new TextDecoder().decode(stderr)], [true, ""]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#holder.stdin.close();
    await this.#holder.stdout.cancel();
    await this.#holder.status;
    await Deno.remove(this.folder);
  }
}

async function canMount(): Promise<boolean> {
  if (Deno.build.os !== "linux") return false;
  try {
    const args = ["--map-root-user", "--mount", "mount", "-t", "tmpfs", "none", "/tmp"];
    return (await new Deno.Command("unshare", { args, stderr: "null" }).output()).success;
  } catch {
    // There is no such command.
    return false;
  }
}
