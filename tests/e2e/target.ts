import { assert, assertEquals, assertMatch } from "@std/assert";
import type { CloseReason } from "../../lib/base/errors.ts";
import { type Home, type Printed, until, type UpPeer } from "./kith.ts";
import { addRow, ask, logOf, statusAt } from "./refusal.ts";

/** What somebody does to a peer, and what has to become of it. */
export interface Attack {
  readonly row: string;
  /** What is done, in words. */
  readonly did: string;
  readonly reason: CloseReason;
  /** What the detail of the event says. */
  readonly detail: RegExp;
  /** Whether the link was a member's. Default: false. */
  readonly byMember?: boolean;
}

/** A running peer with one value, at which things are thrown: it says why it closes a link, and goes on as it was. */
export class Target {
  #digest = "";

  private constructor(readonly home: Home, readonly peer: UpPeer) {}

  /** Starts it, and writes the value. */
  static async start(home: Home): Promise<Target> {
    const peer = await home.up();
    await home.ok("set", "kept", "value");
    const target = new Target(home, peer);
    await target.refresh();
    return target;
  }

  /** What it holds from now on is what it has to hold. */
  async refresh(): Promise<void> {
    this.#digest = (await statusAt(this.home)).digest;
  }

  /** Where it listens. */
  get address(): string {
    return this.peer.address;
  }

  /** Does something; the link it uses has to be closed for the reason that is expected, and nothing else happens. */
  async closes(test: Deno.TestContext, attack: Attack, act: () => Promise<void>): Promise<void> {
    const { row, did, reason, detail, byMember } = attack;
    const event = byMember === true ? "link_closed" : "link_refused";
    const before = logOf(this.home).length;
    const countBefore = await this.#count(`${event}:${reason}`);
    await act();
    const line = await until(`${event} ${reason} after ${did}`, () => {
      return Promise.resolve(logOf(this.home).slice(before).find((line) => isOf(line, event, reason)) ?? null);
    });
    assertMatch(String(line.detail), detail, did);
    assert(line.level === "warning", JSON.stringify(line));
    assert(await this.#count(`${event}:${reason}`) > countBefore, did);
    await this.assertGoesOn();
    addRow({
      ...{ row, command: did, exit: "link closed, peer goes on" },
      sentence: `${event}: ${reason}${line.detail ? ` (${line.detail})` : ""}`,
      test: test.name,
    });
  }

  /** It answers, and holds what it held. */
  async assertGoesOn(): Promise<void> {
    assertEquals(await ask(this.home, "entry?key=kept"), "value");
    assertEquals((await statusAt(this.home)).digest, this.#digest);
  }

  async #count(name: string): Promise<number> {
    return (await statusAt(this.home)).events[name] ?? 0;
  }
}

function isOf(line: Printed, event: string, reason: string): boolean {
  return line.event === event && line.reason === reason;
}
