import { assertEquals, assertThrows } from "@std/assert";
import { toHex } from "../../lib/base/bytes.ts";
import { deriveTicketKeys, deriveTicketKeysInBackground, type TicketKeys } from "../../lib/crypto/ticket_keys.ts";

const SECRET = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
/** Computed by another implementation of scrypt: N 2^15, r 8, p 1, salt "kith ticket v1", 96 bytes. */
const EXPECTED = {
  inviteSeed: "9e1af88ad99a85b5b071bd9e73f29cef4a55a54658b30230a7044ad68cbc351e",
  macKey: "9c9c29fb0ef7964353aeb6d7fa50e03949479ff1b12f13ed3cc217721b829789",
  tagKey: "f7f40497d4da2c30a80c2f30190646224ba8d112fc2b14e9b7696ac06470fd30",
};

function hexed({ inviteSeed, macKey, tagKey }: TicketKeys) {
  return { inviteSeed: toHex(inviteSeed), macKey: toHex(macKey), tagKey: toHex(tagKey) };
}

Deno.test("ticket keys: are scrypt's, in the order of their use", () => {
  assertEquals(hexed(deriveTicketKeys(SECRET)), EXPECTED);
});

Deno.test("ticket keys: are the same from the background", async () => {
  const keys = await new Promise<TicketKeys>((resolve, reject) =>
    deriveTicketKeysInBackground(SECRET, (error, keys) => keys === undefined ? reject(error) : resolve(keys))
  );
  assertEquals(hexed(keys), EXPECTED);
});

Deno.test("ticket keys: a secret of another size is refused", () => {
  for (const size of [0, 7, 9]) assertThrows(() => deriveTicketKeys(new Uint8Array(size)), RangeError);
});
