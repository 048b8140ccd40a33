import { assertEquals } from "@std/assert";

/** Why there can be no virtual switch here, as the end of a test's name; empty where there can be one. */
export const NO_SWITCH = await canMake() ? "" : " (skipped: a network of namespaces can't be made here)";

/** The same of routers. */
export const NO_ROUTER = NO_SWITCH || (await canRoute() ? "" : " (skipped: a router can't be made here)");

const TCP_AND_UDP = "meta l4proto { tcp, udp }";

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

  private constructor(hub: Holder, readonly network: string) {
    this.#hub = hub;
    this.#holders.push(hub);
  }

  /** Makes one. @param network the first three numbers of all addresses. Default: those of a private network. */
  static async make(network = "10.77.0"): Promise<VirtualSwitch> {
    const hub = await Holder.start(["unshare", "--map-root-user", "--net"]);
    const made = new VirtualSwitch(hub, network);
    for (const half of ["left", "right"]) {
      await hub.ip("link", "add", half, "type", "bridge");
      await hub.ip("link", "set", half, "up");
    }
    return made;
  }

  /** Plugs a machine in, with the address NETWORK.NUMBER and whatever IPv6 gives itself. */
  async plug(number: number): Promise<Station> {
    const holder = await Holder.start([...this.#hub.wrapper, "unshare", "--net"]);
    this.#holders.push(holder);
    await this.#hub.ip("link", "add", `port${number}`, "type", "veth", "peer", "eth0", "netns", String(holder.pid));
    await this.#hub.ip("link", "set", `port${number}`, "master", "left", "up");
    await holder.ip("link", "set", "lo", "up");
    await holder.ip("link", "set", "eth0", "up");
    await holder.ip("address", "add", this.#address(number), "dev", "eth0");
    return { number, wrapper: holder.wrapper };
  }

  /**
   * Puts a machine behind another one, which becomes its router and hides it behind its own address (NAT); with the
   * address 192.168.NUMBER.2.
   *
   * @param changesPorts whether the router gives connections other ports.
   */
  async plugBehind(router: Station, number: number, changesPorts: boolean): Promise<Station> {
    const holder = await Holder.start([...router.wrapper, "unshare", "--net"]);
    this.#holders.push(holder);
    const ip = (...args: string[]) => run([...router.wrapper, "ip", ...args]);
    await ip("link", "add", `inner${number}`, "type", "veth", "peer", "eth0", "netns", String(holder.pid));
    await ip("address", "add", `192.168.${number}.1/24`, "dev", `inner${number}`);
    await ip("link", "set", `inner${number}`, "up");
    await holder.ip("link", "set", "lo", "up");
    await holder.ip("link", "set", "eth0", "up");
    await holder.ip("address", "add", `192.168.${number}.2/24`, "dev", "eth0");
    await holder.ip("route", "add", "default", "via", `192.168.${number}.1`);
    await run([...router.wrapper, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"]);
    // As routers at home do. What the router took in would be a connection of its own, and keep its port from this one.
    await this.#nft(router, "own", "filter hook input priority 0", 'iifname "eth0" meta l4proto udp drop');
    const masquerade = `oifname "eth0" masquerade${changesPorts ? " random" : ""}`;
    await this.#nft(router, "post", "nat hook postrouting priority 100", masquerade);
    return { number, wrapper: holder.wrapper };
  }

  /** Has a router pass on what comes to a port of it to the machine behind it. */
  async forward(router: Station, port: number, inner: Station): Promise<void> {
    const to = `192.168.${inner.number}.2:${port}`;
    const rule = `iifname "eth0" ${TCP_AND_UDP} th dport ${port} dnat to ${to}`;
    await this.#nft(router, "pre", "nat hook prerouting priority -100", rule);
  }

  /** Has a router pass on what comes to a port of it from where the machine behind it has sent something before. */
  async letInKnown(router: Station, port: number, inner: Station): Promise<void> {
    const to = `192.168.${inner.number}.2:${port}`;
    const lines = [
      "table ip known {",
      "set hosts {",
      "type ipv4_addr; flags dynamic; size 1000;",
      "}",
      "chain note {",
      "type filter hook forward priority 0;",
      `iifname "inner${inner.number}" add @hosts { ip daddr }`,
      "}",
      "chain pre {",
      "type nat hook prerouting priority -100;",
      `iifname "eth0" ${TCP_AND_UDP} th dport ${port} ip saddr @hosts dnat to ${to}`,
      "}",
      "}",
    ];
    await run([...router.wrapper, "nft", lines.join("\n")]);
  }

  /** Has a router pass on no UDP, or again. */
  async blockUdp(router: Station, isOn: boolean): Promise<void> {
    if (isOn) await this.#nft(router, "through", "filter hook forward priority 0", "meta l4proto udp drop");
    else await run([...router.wrapper, "nft", "flush chain ip kith through"]);
  }

  async #nft({ wrapper }: Station, chain: string, type: string, rule: string): Promise<void> {
    await run([...wrapper, "nft", `table ip kith {\nchain ${chain} {\ntype ${type};\n${rule}\n}\n}`]);
  }

  /** Gives a machine behind a router one address more, by which it notices that something changed. */
  async addAddress({ wrapper, number }: Station): Promise<void> {
    await run([...wrapper, "ip", "address", "add", `192.168.${number}.3/24`, "dev", "eth0"]);
  }

  /** Gives a machine another address. */
  async move({ wrapper, number }: Station, to: number): Promise<void> {
    await run([...wrapper, "ip", "address", "del", this.#address(number), "dev", "eth0"]);
    await run([...wrapper, "ip", "address", "add", this.#address(to), "dev", "eth0"]);
  }

  /** Whether some machines can't reach each other, while they reach all others and are reached by them. */
  async keepApart(stations: readonly Station[], isOn: boolean): Promise<void> {
    for (const { number } of stations) {
      await this.#hub.ip("link", "set", `port${number}`, "type", "bridge_slave", "isolated", isOn ? "on" : "off");
    }
  }

  /** Takes a machine's only network away. */
  async unplug({ wrapper }: Station): Promise<void> {
    await run([...wrapper, "ip", "link", "set", "eth0", "down"]);
    await run([...wrapper, "ip", "address", "flush", "dev", "eth0"]);
  }

  /** Moves some of the machines to a part of the switch of their own. */
  async split(stations: readonly Station[]): Promise<void> {
    for (const { number } of stations) await this.#hub.ip("link", "set", `port${number}`, "master", "right");
  }

  /** Puts the switch together again. */
  async heal(stations: readonly Station[]): Promise<void> {
    for (const { number } of stations) await this.#hub.ip("link", "set", `port${number}`, "master", "left");
  }

  #address(number: number): string {
    return `${this.network}.${number}/24`;
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

async function run([command = "", ...args]: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(command, { args }).output();
  assertEquals([success, new TextDecoder().decode(stderr)], [true, ""], args.join(" "));
}

async function canMake(): Promise<boolean> {
  return await succeeds("ip link add left type bridge && ip link add port type veth peer eth0 netns $$");
}

async function canRoute(): Promise<boolean> {
  return await succeeds(
    "nft 'table ip kith {\nchain post {\ntype nat hook postrouting priority 100;\nmasquerade\n}\n}'",
  );
}

/** Whether a script can be run as if by root, in a network of its own. */
async function succeeds(script: string): Promise<boolean> {
  if (Deno.build.os !== "linux") return false;
  try {
    const args = ["--map-root-user", "--net", "sh", "-c", script];
    return (await new Deno.Command("unshare", { args, stderr: "null" }).output()).success;
  } catch {
    // There is no such command.
    return false;
  }
}
