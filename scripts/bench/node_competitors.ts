import { Child } from "../child.ts";
import { cacheFolder } from "./competitors.ts";

/** The competitors that are made for Node, each with the package that it is known by. */
export const TOOLS = {
  yjs: "yjs",
  hyperbee: "hyperbee",
  orbitdb: "@orbitdb/core",
  pouchdb: "pouchdb",
  automerge: "@automerge/automerge-repo",
} as const;

/** One of them; also the name of its program in the folder `peers`. */
export type ToolName = keyof typeof TOOLS;

/** What they need, with the versions that are measured; newer ones of some do not install side by side. */
const PACKAGES: Readonly<Record<string, string>> = {
  "node": "24.9.0",
  "yjs": "13.6.33",
  "y-websocket": "2.1.0",
  "ws": "8.23.0",
  "hypercore": "11.37.1",
  "hyperbee": "2.27.3",
  "@hyperswarm/secret-stream": "6.9.2",
  "@orbitdb/core": "4.0.0",
  "helia": "6.1.4",
  "@helia/block-brokers": "5.2.4",
  "libp2p": "3.3.11",
  "@libp2p/tcp": "11.0.28",
  "@libp2p/identify": "4.1.14",
  "@libp2p/gossipsub": "15.0.23",
  "@chainsafe/libp2p-noise": "17.0.0",
  "@chainsafe/libp2p-yamux": "8.0.1",
  "blockstore-level": "3.0.3",
  "pouchdb": "9.0.0",
  "express-pouchdb": "4.2.0",
  "express": "4.22.3",
  "@automerge/automerge": "3.5.0",
  "@automerge/automerge-repo": "2.5.6",
  "@automerge/automerge-repo-network-websocket": "2.5.6",
  "@automerge/automerge-repo-storage-nodefs": "2.5.6",
};

/** The version of a competitor that is measured. */
export function versionOf(tool: ToolName): string {
  return PACKAGES[TOOLS[tool]] ?? "";
}

/** The packages and the Node of competitors that are made for it, in a folder of the cache. */
export class NodeCompetitors {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Installs them where they are not yet there (700 MB, some minutes). @throws {Error} when npm does not do it. */
  static async install(): Promise<NodeCompetitors> {
    const folder = `${cacheFolder()}/kith-bench/node`;
    Deno.mkdirSync(`${folder}/peers`, { recursive: true });
    const wanted = JSON.stringify({ private: true, type: "module", dependencies: PACKAGES });
    const installed = `${folder}/node_modules/.kith-bench.json`;
    if (textOf(installed) !== wanted) {
      Deno.writeTextFileSync(`${folder}/package.json`, wanted);
      // Some of them ask for older versions of each other than those that work together.
      const args = ["install", "--legacy-peer-deps", "--no-audit", "--no-fund", "--loglevel=error"];
      const npm = new Deno.Command("npm", { args, cwd: folder, stdout: "null", stderr: "inherit" });
      if (!(await npm.output()).success) throw new Error("npm could not install what is measured against");
      Deno.writeTextFileSync(installed, wanted);
    }
    // Node looks for packages from where a program lies.
    const programs = `${import.meta.dirname}/peers`;
    for (const { name } of Deno.readDirSync(programs)) {
      Deno.copyFileSync(`${programs}/${name}`, `${folder}/peers/${name}`);
    }
    return new NodeCompetitors(folder);
  }

  /** Starts the program of a tool, as peers/tool.ts says. */
  start(tool: ToolName, args: readonly string[]): Child {
    const node = `${this.#folder}/node_modules/.bin/node`;
    return new Child(node, ["--no-warnings", `${this.#folder}/peers/${tool}.ts`, ...args], { listens: true });
  }
}

function textOf(path: string): string | null {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
