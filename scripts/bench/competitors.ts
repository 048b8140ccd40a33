import { Child, type ChildOptions } from "../child.ts";

/** What js-libp2p needs, with the versions that are measured. */
const LIBP2P_PACKAGES: Readonly<Record<string, string>> = {
  "libp2p": "3.3.11",
  "@libp2p/tcp": "11.0.28",
  "@libp2p/noise": "17.0.3",
  "@libp2p/yamux": "8.0.3",
  "@multiformats/multiaddr": "13.0.3",
  "@libp2p/identify": "4.1.14",
  "@libp2p/gossipsub": "15.0.23",
};

/** negentropy in JavaScript, as nostr-tools carries it: a port of its reference. */
const NEGENTROPY = "nostr-tools@2.25.2";

/** How js-libp2p is named in the tables. */
export const LIBP2P = `js-libp2p ${LIBP2P_PACKAGES["libp2p"]}`;

/** How its gossipsub is. */
export const GOSSIPSUB = `js-libp2p gossipsub ${LIBP2P_PACKAGES["@libp2p/gossipsub"]}`;

/** The packages of competitors, in a cache folder of their own, so that the project depends on none of them. */
export class Competitors {
  readonly #config: string;
  readonly #options: ChildOptions;

  private constructor(folder: string) {
    this.#config = `${folder}/deno.json`;
    this.#options = { env: { DENO_DIR: `${folder}/deno`, NO_COLOR: "1" } };
  }

  /** Installs them where they are not yet there. @throws {Error} when npm does not answer. */
  static async install(): Promise<Competitors> {
    const folder = `${cacheFolder()}/kith-bench`;
    Deno.mkdirSync(folder, { recursive: true });
    const imports = Object.entries(LIBP2P_PACKAGES).map(([name, version]) => [name, `npm:${name}@${version}`]);
    imports.push(["nostr-tools", `npm:${NEGENTROPY}`]);
    const config = { nodeModulesDir: "none", imports: Object.fromEntries(imports) };
    const competitors = new Competitors(folder);
    Deno.writeTextFileSync(competitors.#config, JSON.stringify(config));
    const specifiers = imports.map(([, specifier]) => specifier ?? "");
    const args = ["cache", "--quiet", "--config", competitors.#config, ...specifiers];
    const code = await new Child(Deno.execPath(), args, competitors.#options).ended();
    if (code !== 0) throw new Error("the packages to measure against could not be had from npm");
    return competitors;
  }

  /** Starts negentropy, as negentropy.ts says. */
  negentropy(args: readonly string[]): Child {
    const flags = ["--config", this.#config, "--cached-only", "--allow-run=grep"];
    return Child.script("bench/negentropy.ts", flags, args, this.#options);
  }

  /** Starts js-libp2p in a process, as libp2p_peer.ts says. */
  libp2p(args: readonly string[], options: ChildOptions = {}): Child {
    return this.#node("libp2p_peer.ts", args, options);
  }

  /** Starts its gossipsub, as messages_gossipsub.ts says. */
  gossipsub(args: readonly string[]): Child {
    return this.#node("messages_gossipsub.ts", args, {});
  }

  #node(program: string, args: readonly string[], options: ChildOptions): Child {
    const flags = [
      "--config",
      this.#config,
      "--cached-only",
      "--allow-net",
      "--allow-read",
      "--allow-env",
      "--allow-sys",
    ];
    return Child.script(`bench/${program}`, flags, args, { ...this.#options, ...options });
  }
}

/** Where programs keep what they can get again. */
export function cacheFolder(): string {
  const home = Deno.env.get("HOME");
  const folder = Deno.env.get("XDG_CACHE_HOME") ?? (home === undefined ? undefined : `${home}/.cache`);
  return folder ?? Deno.env.get("TMPDIR") ?? Deno.env.get("TEMP") ?? "/tmp";
}
