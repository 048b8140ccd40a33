/** What a key holds: its value, or nothing. */
export type State = string | null;

/** Writes that were asked for together, until it is known what became of them. What never is may have happened or not. */
export interface Attempt {
  /** The peer said that they are done: from now on they have to be there. */
  acknowledged(): void;
  /** The peer said that they were not done, and could be sure of it. */
  refused(): void;
}

/** What is not as it has to be. */
export interface Findings {
  /** Of what was acknowledged, or of what has to be whole. */
  readonly losses: string[];
  /** Everything else. */
  readonly failures: string[];
}

interface Batch {
  readonly writes: ReadonlyMap<string, State>;
}

/** Knows which writes were acknowledged, and so what each key may hold after a crash. */
export class Ledger {
  readonly #possible = new Map<string, Set<State>>();
  readonly #refused = new Map<string, Set<State>>();
  #open: Batch[] = [];
  /** How many writes were acknowledged. */
  acknowledged = 0;

  /** Begins writes that one request asks for. A key is in one attempt at a time. */
  begin(writes: ReadonlyMap<string, State>): Attempt {
    const batch = { writes };
    const before = new Map([...writes.keys()].map((key) => [key, new Set(this.#statesOf(key))]));
    for (const [key, state] of writes) this.#statesOf(key).add(state);
    this.#open.push(batch);
    const close = (states: (key: string) => Set<State>) => {
      for (const key of writes.keys()) this.#possible.set(key, states(key));
      this.#open = this.#open.filter((other) => other !== batch);
    };
    return {
      acknowledged: () => {
        close((key) => new Set([writes.get(key) as State]));
        this.acknowledged += writes.size;
      },
      refused: () => {
        close((key) => before.get(key) as Set<State>);
        for (const [key, state] of writes) {
          const refused = this.#refused.get(key) ?? new Set();
          this.#refused.set(key, refused.add(state));
        }
      },
    };
  }

  /** What is there already, and has to stay. */
  holds(entries: ReadonlyMap<string, string>): void {
    this.begin(entries).acknowledged();
  }

  /** The same, to go on from by itself. What is not answered stays so in it. */
  copy(): Ledger {
    const copy = new Ledger();
    for (const [key, states] of this.#possible) copy.#possible.set(key, new Set(states));
    for (const [key, states] of this.#refused) copy.#refused.set(key, new Set(states));
    copy.#open = [...this.#open];
    return copy;
  }

  /** Compares with what a peer holds now. */
  check(held: ReadonlyMap<string, string>): Findings {
    const losses: string[] = [];
    const failures: string[] = [];
    for (const key of new Set([...this.#possible.keys(), ...held.keys()])) {
      const state = held.get(key) ?? null;
      const possible = this.#statesOf(key);
      if (possible.has(state)) continue;
      const message = `'${key}' holds ${shown(state)}, not ${[...possible].map(shown).join(" or ")}`;
      if (this.#refused.get(key)?.has(state) === true) failures.push(`${message}, which was refused`);
      else losses.push(message);
    }
    for (const { writes } of this.#open) {
      const count = [...writes].filter(([key, state]) => (held.get(key) ?? null) === state).length;
      if (count > 0 && count < writes.size) {
        losses.push(`${count} of ${writes.size} writes of one transaction are there`);
      }
    }
    return { losses, failures };
  }

  #statesOf(key: string): Set<State> {
    let states = this.#possible.get(key);
    if (states === undefined) this.#possible.set(key, states = new Set<State>([null]));
    return states;
  }
}

function shown(state: State): string {
  if (state === null) return "nothing";
  return state.length > 40 ? `${JSON.stringify(state.slice(0, 40))}… (${state.length})` : JSON.stringify(state);
}
