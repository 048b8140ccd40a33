import { assert, assertEquals } from "@std/assert";
import { GONE_AFTER_MS, PRESENCE_CHANGE_PER_MEMBER_MS, SILENCE_TOLD_AFTER_MS } from "../../lib/base/limits.ts";
import { encodeMessage } from "../../lib/wire/message.ts";
import { Lab } from "./lab.ts";
import type { SimPeer } from "./sim_peer.ts";

const COUNT = 30;
/** Time for something to reach all. */
const SPREAD_MS = 1500;

/** A space in which not all are linked, and what each peer tells of the others: WHAT WHOM. */
class LargeLab extends Lab {
  readonly told: string[][] = [];
  /** Bytes of what peers say of each other that came in anywhere. */
  presenceBytes = 0;

  constructor() {
    super();
    const founder = this.#add();
    this.ask(founder, { type: "create_space" });
    const ticket = this.invite(founder, COUNT);
    while (this.peers.length < COUNT) {
      const joiner = this.#add();
      this.join(joiner, ticket, founder);
      // The next one needs the history by which the ticket is known.
      this.until(() => joiner.machine?.members().some(({ self }) => self) === true, "the join");
    }
    this.settle(() => this.peers.every((peer) => this.#isQuiet(peer)), "all to know that all are here");
    for (const peer of this.peers) this.#count(peer);
  }

  #add(): SimPeer {
    const news: string[] = [];
    this.told.push(news);
    return this.add({
      // Of so many peers it is enough to look at the outcome.
      turned: () => {},
      heard: ({ name, fields }) => {
        const what = /^member_(left|gone|back)$/.exec(name)?.[1];
        if (what !== undefined) news.push(`${what} ${this.peers.findIndex(({ id }) => id === fields?.peer)}`);
      },
    });
  }

  #count({ machine }: SimPeer): void {
    if (machine === null) return;
    machine.messageHeard = (message) => {
      if (message.type === "presence") this.presenceBytes += encodeMessage(message).body.length;
    };
  }

  #isQuiet({ machine }: SimPeer): boolean {
    if (machine === null) return false;
    const { peers, elsewhere, absent, others } = machine.status();
    return absent.length === 0 && peers.length + others === COUNT - 1 && elsewhere.length === others && others > 0;
  }

  get isQuiet(): boolean {
    return this.peers.every((peer) => this.#isQuiet(peer));
  }

  /** Waits until something is so; to look at so many peers is dear. @returns how long it took. */
  settle(condition: () => boolean, what: string, everyMs = 250): number {
    const startMs = this.schedule.nowMs;
    while (!condition()) {
      assert(this.schedule.nowMs - startMs < 120_000, `waited in vain for ${what}`);
      this.wait(everyMs);
    }
    return this.schedule.nowMs - startMs;
  }

  /** Waits until all others have told something. */
  untilTold(what: string, but: readonly SimPeer[]): number {
    const others = this.peers.filter((peer) => !but.includes(peer));
    return this.settle(() => others.every(({ index }) => this.told[index]?.includes(what)), what);
  }
}

Deno.test("in a space where not all are linked, all know who is here, who left and who is lost", async (t) => {
  const lab = new LargeLab();
  const [stopped, crashed, founder] = [lab.peers[3], lab.peers[7], lab.peers[0]] as [SimPeer, SimPeer, SimPeer];

  await t.step("nobody is told of as gone while neighbours change, and what is said has a bound", () => {
    lab.presenceBytes = 0;
    const calmMs = 30_000;
    lab.wait(calmMs);
    assert(lab.isQuiet);
    assertEquals(lab.told.flat(), [], "who parts from a neighbour has not left");
    const bytesPerS = lab.presenceBytes / COUNT / (calmMs / 1000);
    assert(bytesPerS > 0 && bytesPerS < 1000, `${bytesPerS} bytes a second for each`);
  });

  await t.step("all say what they hold soon after it changed", () => {
    const isKnown = () => lab.peers.every(({ machine }) => machine?.status().elsewhere.every(({ inSync }) => inSync));
    lab.set(founder, "key", "value");
    assert(!isKnown());
    const tookMs = lab.settle(() => isKnown() === true, "all to be known to be in sync");
    assert(tookMs <= COUNT * PRESENCE_CHANGE_PER_MEMBER_MS + SPREAD_MS, `${tookMs} ms`);
  });

  await t.step("a member of which one link breaks is not gone", () => {
    for (const end of [...lab.network.connections()].slice(0, 10)) lab.network.lose(end);
    lab.wait(2 * GONE_AFTER_MS);
    assertEquals(lab.told.flat(), []);
  });

  await t.step("who stops is told to have left at once", () => {
    stopped.push({ type: "stopping" });
    // A host takes nothing in any more behind that.
    lab.settle(() => lab.told.some((news) => news.includes("left 3")), "its neighbours to tell that it left", 1);
    stopped.crash(false);
    const tookMs = lab.untilTold("left 3", [stopped]);
    assert(tookMs <= SPREAD_MS, `${tookMs} ms`);
    const [absent] = founder.machine?.status().absent ?? [];
    assertEquals([absent?.peer, absent?.absence, absent?.by], [stopped.id, "left", null]);
  });

  await t.step("who crashes is told to be gone in some seconds", () => {
    crashed.crash(true);
    const tookMs = lab.untilTold("gone 7", [stopped, crashed]);
    assert(tookMs <= SILENCE_TOLD_AFTER_MS + 1000 + GONE_AFTER_MS + SPREAD_MS, `${tookMs} ms`);
    const members = founder.machine?.members() ?? [];
    assertEquals(
      members.filter(({ online }) => !online).map(({ peer }) => peer).toSorted(),
      [stopped.id, crashed.id].toSorted(),
    );
  });

  await t.step("who is back is told to be, once", () => {
    for (const peer of [stopped, crashed]) peer.boot();
    lab.untilTold("back 3", [stopped, crashed]);
    lab.untilTold("back 7", [stopped, crashed]);
    lab.settle(() => lab.isQuiet, "nobody absent");
    for (const { index } of lab.peers) {
      if (index === 3 || index === 7) continue;
      assertEquals(lab.told[index]?.toSorted(), ["back 3", "back 7", "gone 7", "left 3"]);
    }
  });
});
