import { assertEquals } from "@std/assert";
import { DEADLINE_MS } from "./kith.ts";
import type { Station } from "./virtual_switch.ts";

/** What miniupnpd adds its rules to: TCP and UDP that come in, and what of it is let through. */
const CHAINS = `
table inet filter {
chain forward {
type filter hook forward priority 0; policy accept;
jump miniupnpd
}
chain miniupnpd {
}
chain prerouting {
type nat hook prerouting priority -100;
jump prerouting_miniupnpd
}
chain prerouting_miniupnpd {
}
chain postrouting {
type nat hook postrouting priority 100;
jump postrouting_miniupnpd
}
chain postrouting_miniupnpd {
}
}
`;

/** Why no router can map ports here, as the end of a test's name; empty where one can. */
export const NO_UPNP = await hasMiniupnpd() ? "" : " (skipped: there is no miniupnpd)";

/** A router that maps ports when it is asked to, by PCP, NAT-PMP and UPnP: the daemon that many routers run. */
export class UpnpRouter implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #folder: string;
  readonly #router: Station;

  private constructor(process: Deno.ChildProcess, folder: string, router: Station) {
    this.#process = process;
    this.#folder = folder;
    this.#router = router;
  }

  /** @param inside the interface on its inner side; `eth0` is outside. */
  static async start(router: Station, inside: string): Promise<UpnpRouter> {
    const [command = "", ...wrapper] = router.wrapper;
    await nft(router, CHAINS);
    const folder = Deno.makeTempDirSync({ prefix: "kith-test-" });
    const settings = [
      "ext_ifname=eth0",
      `listening_ip=${inside}`,
      "port=5000",
      "enable_natpmp=yes",
      "enable_upnp=yes",
      "secure_mode=yes",
      "uuid=00000000-0000-0000-0000-000000000000",
      "upnp_table_name=filter",
      "upnp_nat_table_name=filter",
      "upnp_forward_chain=miniupnpd",
      "upnp_nat_chain=prerouting_miniupnpd",
      "upnp_nat_postrouting_chain=postrouting_miniupnpd",
      "allow 1024-65535 0.0.0.0/0 1024-65535",
    ];
    Deno.writeTextFileSync(`${folder}/settings`, settings.join("\n") + "\n");
    const args = [...wrapper, "miniupnpd", "-d", "-f", `${folder}/settings`, "-P", `${folder}/pid`];
    const process = new Deno.Command(command, { args, stdin: "null", stdout: "null", stderr: "piped" }).spawn();
    const made = new UpnpRouter(process, folder, router);
    await made.#listens();
    return made;
  }

  /** Has it forget all that it maps, and tell nobody. */
  async forget(): Promise<void> {
    await nft(this.#router, "flush chain inet filter prerouting_miniupnpd\nflush chain inet filter miniupnpd");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#process.kill("SIGTERM");
    } catch {
      // It has ended by itself.
    }
    await this.#process.status;
    await Deno.remove(this.#folder, { recursive: true });
  }

  /** Reads what it says until it listens, and then to the end, so that it never waits for a reader. */
  async #listens(): Promise<void> {
    const { promise: listening, resolve, reject } = Promise.withResolvers<void>();
    const reading = async () => {
      let said = "";
      for await (const text of this.#process.stderr.pipeThrough(new TextDecoderStream())) {
        if (said.length < 10_000) said += text;
        if (said.includes("PCP traffic")) resolve();
      }
      reject(new Error(`miniupnpd ended: ${said}`));
    };
    void reading();
    const timer = setTimeout(() => reject(new Error("miniupnpd does not say that it listens")), DEADLINE_MS);
    await listening.finally(() => clearTimeout(timer));
  }
}

async function nft({ wrapper: [command = "", ...args] }: Station, rules: string): Promise<void> {
  const { stderr } = await new Deno.Command(command, { args: [...args, "nft", rules] }).output();
  assertEquals(new TextDecoder().decode(stderr), "");
}

async function hasMiniupnpd(): Promise<boolean> {
  try {
    return (await new Deno.Command("miniupnpd", { args: ["--version"], stdout: "null", stderr: "null" }).output())
      .success;
  } catch {
    return false;
  }
}
