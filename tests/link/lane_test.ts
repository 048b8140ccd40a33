import { assert, assertEquals } from "@std/assert";
import { Lane } from "../../lib/link/lane.ts";

const FRAME_BYTES = 256 * 1024;
const FRAMES = 900;

Deno.test("a lane that never runs dry lets go of what has left", () => {
  const lane = new Lane();
  const room = new Uint8Array(FRAME_BYTES + 16);
  const frame = () => ({ kind: 16, body: new Uint8Array(FRAME_BYTES).fill(7) });
  lane.push(frame());
  const beforeBytes = Deno.memoryUsage().external;
  let mostBytes = 0;
  for (let sent = 0; sent < FRAMES; sent++) {
    lane.push(frame());
    lane.fill(room);
    mostBytes = Math.max(mostBytes, Deno.memoryUsage().external - beforeBytes);
  }
  assert(!lane.isEmpty);
  // What has left is garbage, which the runtime leaves lying for a while, but not all of it.
  assert(mostBytes < FRAMES * FRAME_BYTES * 0.75, `${mostBytes} bytes of ${FRAMES * FRAME_BYTES} were held`);
  let left = 0;
  while (!lane.isEmpty) left += lane.fill(room);
  assertEquals(lane.costBytes, 0);
  assert(left < 2 * room.length);
});
