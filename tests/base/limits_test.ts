import { assert, assertMatch } from "@std/assert";
import * as limits from "../../lib/base/limits.ts";

Deno.test("limits are positive integers whose names say what is bounded", () => {
  for (const [name, value] of Object.entries(limits)) {
    assertMatch(name, /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$/);
    assert(Number.isSafeInteger(value) && value > 0, `${name} = ${value}`);
  }
});

Deno.test("what is larger has the larger limit", () => {
  assert(limits.MAX_VALUE_BYTES + limits.MAX_KEY_BYTES < limits.MAX_TRANSACTION_BYTES);
  assert(limits.MAX_TRANSACTION_BYTES < limits.MAX_FRAME_BYTES);
  assert(limits.MAX_STRANGER_FRAME_BYTES < limits.MAX_FRAME_BYTES);
  assert(limits.MAX_FRAME_BYTES < limits.MAX_SEND_QUEUE_BYTES);
  assert(limits.MAX_TRANSACTION_BYTES < limits.MAX_WAITING_BYTES);
  assert(limits.MAX_PENDING_LINKS_OF_ADDRESS < limits.MAX_PENDING_LINKS);
  assert(2 * limits.KEEPALIVE_AFTER_MS < limits.SILENT_AFTER_MS);
});
