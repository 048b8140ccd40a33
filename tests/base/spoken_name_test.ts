import { assertEquals, assertMatch } from "@std/assert";
import { toBase32 } from "../../lib/base/base32.ts";
import { spokenPeerName, spokenSpaceName } from "../../lib/base/spoken_name.ts";

Deno.test("a name is a word and the beginning of the id, the same each time", () => {
  const id = toBase32(Uint8Array.from({ length: 32 }, (_, i) => 7 * i));
  assertMatch(spokenPeerName(id), /^[a-z]+-[a-z2-7]{4}$/);
  assertEquals(spokenPeerName(id).split("-")[1], id.slice(0, 4));
  assertEquals(spokenPeerName(id), spokenPeerName(id));
  assertEquals(spokenSpaceName(id).split("-")[1], id.slice(0, 4));
});

Deno.test("every word is used, and once", () => {
  for (const spoken of [spokenPeerName, spokenSpaceName]) {
    const words = new Set<string>();
    for (let last = 0; last < 32; last++) {
      const id = new Uint8Array(32);
      id[31] = last;
      words.add(spoken(toBase32(id)).split("-")[0] as string);
    }
    assertEquals(words.size, 32);
  }
});
