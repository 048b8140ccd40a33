import { assertEquals } from "@std/assert";

/** Why there can be no virtual switch here, as the end of a test's name; empty where there can be one. */
export const NO_SWITCH = await canMake() ? "" : " (skipped: a network of namespaces can't be made here)";

/** A machine on the switch: its commands are run with `wrapper`. */
export interface Station {
  readonly number: number;
  readonly wrapper: readonly string[];
}

/**
 * A switch and the machines that are plugged into it, each in a network namespace of its own; nothing else is reached
 * from there, and nobody else sees it. It can be split in two.
 */
export class VirtualSwitch implements AsyncDisposable {
  readonly #holders: Holder[] = [];
  readonly #hub: Holder;

  private constructor(hub: Holder) {
    this.#hub = hub;
    this.#holders.push(hub);
  }

  /** Makes one. */
  static async make(): Promise<VirtualSwitch> {
    const hub = await Holder.start(["unshare", "--map-root-user", "--net"]);
    const made = new VirtualSwitch(hub);
    for (const half of ["left", "right"]) {
      await hub.ip("link", "add", half, "type", "bridge");
      await hub.ip("link", "set", half, "up");
    }
    return made;
  }

  /** Plugs a machine in, with the address 10.77.0.NUMBER and whatever IPv6 gives itself. */
  async plug(number: number): Promise<Station> {
    const holder = await Holder.start([...this.#hub.wrapper, "unshare", "--net"]);
    this.#holders.push(holder);
    await this.#hub.ip("link", "add", `port${number}`, "type", "veth", "peer", "eth0", "netns", String(holder.pid));
    await this.#hub.ip("link", "set", `port${number}`, "master", "left", "up");
    await holder.ip("link", "set", "lo", "up");
    await holder.ip("link", "set", "eth0", "up");
    await holder.ip("address", "add", address(number), "dev", "eth0");
    return { number, wrapper: holder.wrapper };
  }

  /** Gives a machine another address. */
  async move({ wrapper, number }: Station, to: number): Promise<void> {
    await run([...wrapper, "ip", "address", "del", address(number), "dev", "eth0"]);
    await run([...wrapper, "ip", "address", "add", address(to), "dev", "eth0"]);
  }

  /** Whether some machines can't reach each other, while they reach all others and are reached by them. */
  async keepApart(stations: readonly Station[], isOn: boolean): Promise<void> {
    for (const { number } of stations) {
      await this.#hub.ip("link", "set", `port${number}`, "type", "bridge_slave", "isolated", isOn ? "on" : "off");
    }
  }

  /** Moves some of the machines to a part of the switch of their own. */
  async split(stations: readonly Station[]): Promise<void> {
    for (const { number } of stations) await this.#hub.ip("link", "set", `port${number}`, "master", "right");
  }

  /** Puts the switch together again. */
  async heal(stations: readonly Station[]): Promise<void> {
    for (const { number } of stations) await this.#hub.ip("link", "set", `port${number}`, "master", "left");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const holder of this.#holders.toReversed()) await holder.end();
  }
}

/** A process that does nothing but keep a namespace. */
class Holder {
  readonly #process: Deno.ChildProcess;

  private constructor(process: Deno.ChildProcess) {
    this.#process = process;
  }

  static async start(wrapper: readonly string[]): Promise<Holder> {
    const [command = "", ...args] = [...wrapper, "sh", "-c", "echo made; exec cat"];
    const process = new Deno.Command(command, { args, stdin: "piped", stdout: "piped" }).spawn();
    const reader = process.stdout.getReader();
    const { value } = await reader.read();
    reader.releaseLock();
    assertEquals(new TextDecoder().decode(value), "made\n");
    return new Holder(process);
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Words before a command that is to run in its namespaces. */
  get wrapper(): string[] {
    return ["nsenter", "--target", String(this.pid), "--user", "--net", "--preserve-credentials"];
  }

  async ip(...args: string[]): Promise<void> {
    await run([...this.wrapper, "ip", ...args]);
  }

  async end(): Promise<void> {
    await this.#process.stdin.close();
    await this.#process.stdout.cancel();
    await this.#process.status;
  }
}

function address(number: number): string {
  return `10.77.0.${number}/24`;
}

async function run([command = "", ...args]: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(command, { args }).output();
  assertEquals([success, new TextDecoder().decode(stderr)], [true, ""], args.join(" "));
}

async function canMake(): Promise<boolean> {
  if (Deno.build.os !== "linux") return false;
  try {
    const script = "ip link add left type bridge && ip link add port type veth peer eth0 netns $$";
    const args = ["--map-root-user", "--net", "sh", "-c", script];
    return (await new Deno.Command("unshare", { args, stderr: "null" }).output()).success;
  } catch {
    // There is no such command.
    return false;
  }
}
