import { tryPoint } from "./point.ts";
import { LISTEN, type Scenario } from "./scenario.ts";
import { allScenarios } from "./scenarios.ts";
import { type Fault, type Files, READING_CALLS, type Trouble } from "./strace.ts";
import { TracedPeer } from "./traced_peer.ts";

/** Which points are tried. */
export interface CampaignOptions {
  /** Names of scenarios. Default: all. */
  readonly scenarios?: readonly string[];
  /** Calls by name. Default: all that change files; for errors also those that read. */
  readonly calls?: readonly string[];
  readonly troubles: readonly Trouble[];
  /** Which of the points from 1 to `total` of a call on some files. */
  readonly pick: (total: number, files: Files) => readonly number[];
  /** How many points are tried at once. */
  readonly jobs: number;
  /** Hears of each point that was tried. */
  readonly tried?: (point: TriedPoint, done: number, total: number) => void;
}

/** One point that was tried. */
export interface TriedPoint {
  readonly scenario: string;
  readonly fault: Fault;
  /** The file at which it struck; null where the peer did not come to it. */
  readonly struckAt: string | null;
  readonly acknowledged: number;
  readonly told: string;
  readonly losses: readonly string[];
  readonly failures: readonly string[];
}

/** Counts the calls of each scenario, then tries the points that are picked of them. */
export async function runCampaign(options: CampaignOptions): Promise<TriedPoint[]> {
  const folder = await Deno.makeTempDir({ prefix: "kith-torture-" });
  const runFolder = `${folder}/run`;
  Deno.mkdirSync(runFolder, { mode: 0o700 });
  const runtimeBefore = Deno.env.get("KITH_RUNTIME_DIR");
  Deno.env.set("KITH_RUNTIME_DIR", runFolder);
  try {
    return await new Campaign(options, folder, runFolder).run();
  } finally {
    if (runtimeBefore === undefined) Deno.env.delete("KITH_RUNTIME_DIR");
    else Deno.env.set("KITH_RUNTIME_DIR", runtimeBefore);
    await Deno.remove(folder, { recursive: true });
  }
}

class Campaign {
  readonly #options: CampaignOptions;
  readonly #folder: string;
  readonly #runFolder: string;
  readonly #scenarios: readonly Scenario[];
  readonly #calls: readonly string[] | null;
  #folders = 0;

  constructor(options: CampaignOptions, folder: string, runFolder: string) {
    this.#options = options;
    this.#folder = folder;
    this.#runFolder = runFolder;
    const { scenarios, calls } = options;
    const all = allScenarios((home) => this.#startUnhurt(home));
    for (const name of scenarios ?? []) {
      if (!all.some((scenario) => scenario.name === name)) throw new Error(`there is no scenario '${name}'`);
    }
    this.#scenarios = all.filter(({ name }) => scenarios === undefined || scenarios.includes(name));
    this.#calls = calls ?? null;
  }

  async run(): Promise<TriedPoint[]> {
    const points = (await this.#atOnce(this.#scenarios, (scenario) => this.#pointsOf(scenario))).flat();
    let done = 0;
    return await this.#atOnce(points, async ({ scenario, fault }) => {
      const { struckAt, acknowledged, told, losses, failures } = await this.#try(scenario, fault);
      const tried = { scenario: scenario.name, fault, struckAt, acknowledged, told, losses, failures };
      this.#options.tried?.(tried, ++done, points.length);
      return tried;
    });
  }

  /** The points of a scenario, as many as its calls are when nothing happens to it. */
  async #pointsOf(scenario: Scenario): Promise<{ scenario: Scenario; fault: Fault }[]> {
    const { counts, losses, failures } = await this.#try(scenario, null);
    const wrong = [...losses, ...failures];
    if (wrong.length > 0) throw new Error(`${scenario.name} is not as it should be, unhurt: ${wrong.join("; ")}`);
    const points: { scenario: Scenario; fault: Fault }[] = [];
    for (const trouble of this.#options.troubles) {
      for (const { call, files, count } of counts) {
        const isTried = this.#calls === null
          ? trouble === "eio" || !READING_CALLS.includes(call)
          : this.#calls.includes(call);
        if (!isTried) continue;
        for (const number of this.#options.pick(count, files)) {
          points.push({ scenario, fault: { trouble, call, files, number } });
        }
      }
    }
    return points;
  }

  async #try(scenario: Scenario, fault: Fault | null) {
    const folder = this.#newFolder();
    try {
      return await tryPoint(scenario, { folder, runFolder: this.#runFolder, fault });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  }

  #startUnhurt(home: string): TracedPeer {
    const log = `${this.#newFolder()}/calls`;
    return new TracedPeer({
      ...{ home, log, runFolder: this.#runFolder, words: ["up", ...LISTEN], env: {}, files: [], fault: null },
    });
  }

  #newFolder(): string {
    const folder = `${this.#folder}/${++this.#folders}`;
    Deno.mkdirSync(folder);
    return folder;
  }

  async #atOnce<T, R>(items: readonly T[], act: (item: T) => Promise<R>): Promise<R[]> {
    const results: R[] = [];
    let next = 0;
    const work = async () => {
      while (next < items.length) {
        const at = next++;
        results[at] = await act(items[at] as T);
      }
    };
    await Promise.all(Array.from({ length: this.#options.jobs }, work));
    return results;
  }
}
