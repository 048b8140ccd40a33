import { assertEquals } from "@std/assert";
import { toHex } from "../../lib/base/bytes.ts";
import { shortIdOf, ShortIds } from "../../lib/data/short_ids.ts";

Deno.test("a short id is the beginning of the transaction's id and the index", () => {
  const transaction = Uint8Array.from({ length: 32 }, (_, i) => 0xff - i);
  const id = shortIdOf({ transaction, index: 0x0abc });
  assertEquals(toHex(id), "fffefdfcfbfaf9f8f7f6f5f4f3f20abc");
  const list = new ShortIds(1);
  list.addVersion(transaction, 0x0abc);
  for (let index = 0; index < 3000; index++) list.addVersion(transaction, index);
  assertEquals([list.size, list.at(0), list.at(3000)], [3001, id, shortIdOf({ transaction, index: 2999 })]);
});
