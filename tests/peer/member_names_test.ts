import { assertEquals, assertThrows } from "@std/assert";
import { toBase32 } from "../../lib/base/base32.ts";
import { KithError } from "../../lib/base/errors.ts";
import { spokenPeerName } from "../../lib/base/spoken_name.ts";
import { memberCalled, memberLabel } from "../../lib/peer/member_names.ts";

interface Named {
  readonly peer: string;
  readonly name: string;
}

function member(first: number, name: string): Named {
  return { peer: toBase32(new Uint8Array(32).fill(first)), name };
}

const ATTIC = member(1, "attic");
const BOAT = member(2, "boat");
const NAMELESS = member(3, "");

function refusal(members: readonly Named[], text: string): KithError {
  return assertThrows(() => memberCalled(members, text), KithError);
}

Deno.test("a member is called by its id, the beginning of it, or its name", () => {
  const all = [ATTIC, BOAT, NAMELESS];
  for (const one of all) {
    for (const text of [one.peer, one.peer.slice(0, 4), one.name || spokenPeerName(one.peer)]) {
      assertEquals(memberCalled(all, text), one, text);
    }
  }
  for (const text of ["", "att", ATTIC.peer.slice(0, 3), ATTIC.peer + "a", "Attic"]) {
    assertEquals(refusal(all, text).code, "member_unknown", text);
  }
});

Deno.test("two of one name, or one whose name is another's id, are told apart by their ids only", () => {
  const other = member(4, "attic");
  const error = refusal([ATTIC, other], "attic");
  assertEquals(error.code, "member_ambiguous");
  assertEquals(error.values.candidates, `${memberLabel(ATTIC.peer, "attic")}, ${memberLabel(other.peer, "attic")}`);
  assertEquals(memberCalled([ATTIC, other], other.peer.slice(0, 8)), other);
  const mimic = member(5, BOAT.peer.slice(0, 8));
  assertEquals(refusal([BOAT, mimic], BOAT.peer.slice(0, 8)).code, "member_ambiguous");
  const whole = member(6, BOAT.peer);
  assertEquals(memberCalled([whole, BOAT], BOAT.peer), BOAT, "a whole id is nobody else's");
  const crowd = Array.from({ length: 20 }, (_, i) => member(10 + i, "crowd"));
  assertEquals(String(refusal(crowd, "crowd").values.candidates).split(", ").length, 9);
});
