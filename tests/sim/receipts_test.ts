import { assertEquals } from "@std/assert";
import { RECEIPT_TIMEOUT_MS, RELAYED_POSTS_KEPT_MS } from "../../lib/base/limits.ts";
import { Lab } from "./lab.ts";
import type { SimPeer } from "./sim_peer.ts";

Deno.test("what is sent to a peer whose link has just ended, and goes by others since none takes its place, is not told to have failed", () => {
  const lab = new Lab();
  const add = (servesRelay: boolean) => lab.add({ servesRelay });
  const [a, b, relay, other] = [add(false), add(false), add(true), add(false)] as const;
  lab.ask(a, { type: "create_space" });
  for (const peer of [b, relay, other]) lab.join(peer, lab.invite(a), a);
  lab.untilHealed();
  lab.network.cut(a, b);
  for (const end of lab.network.connections()) if (lab.network.isCut(end.host, end.other.host)) lab.network.lose(end);
  const isRelayed = (from: SimPeer, to: SimPeer) =>
    from.machine?.peers().some(({ peer, path }) => peer === to.id && path === "relayed") === true;
  lab.until(() => isRelayed(a, b) && isRelayed(b, a), "a relayed link");
  const reader = b.machine!.subscribe("");
  relay.crash(false);
  lab.until(() => !isRelayed(a, b), "the end of that link");
  const told: string[] = [];
  const send = (text: string) => {
    const posts = [{ topic: "t", payload: new TextEncoder().encode(text) }];
    a.request(
      { type: "post", posts, to: b.id },
      (reply) => void told.push(`${text} ${reply.ok ? "came" : reply.code}`),
    );
  };
  send("one");
  lab.wait(RELAYED_POSTS_KEPT_MS / 2);
  send("two");
  lab.wait(RELAYED_POSTS_KEPT_MS + RECEIPT_TIMEOUT_MS);
  assertEquals(reader.take().posts.map(({ payload }) => new TextDecoder().decode(payload)), ["one", "two"]);
  assertEquals(told, ["one came", "two came"]);
  reader.close();
});
