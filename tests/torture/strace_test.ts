import { assertEquals } from "@std/assert";
import { callCounts, type Fault, struckAt } from "./strace.ts";

const LOG = `7 fsync(3</home/store.sqlite-wal>) = 0
7 pwrite64(3</home/store.sqlite-wal>, " = 1"..., 4, 0) = 4
8 fsync(9</home/store.sqlite-commits.new>) = 0
7 rename("/home/store.sqlite-commits.next", "/home/store.sqlite-commits") = 0
7 fsync(3</home/store.sqlite-wal>) = 0
`;
const fault: Fault = { trouble: "kill", call: "fsync", number: 3, files: "others" };

Deno.test("calls are counted by thread, those on the commit counter by themselves", () => {
  assertEquals(callCounts(LOG, "/home/store.sqlite-commits"), [
    { call: "fsync", files: "others", count: 2 },
    { call: "pwrite64", files: "others", count: 1 },
    { call: "fsync", files: "counter", count: 1 },
    { call: "rename", files: "others", count: 1 },
  ]);
});

Deno.test("the file at which a fault struck is told, and none where it did not", () => {
  assertEquals(struckAt(LOG, fault, false), null);
  const killed = `${LOG}7 fsync(5</home> <unfinished ...>\n7 <... fsync resumed>) = ?\n`;
  assertEquals(struckAt(killed, fault, true), "home");
  assertEquals(struckAt(`${LOG}7 fsync(5</home/lock>) = ?\n`, fault, true), "lock");
  const failed = `${LOG}7 rename("/home/a.new", "/home/a") = -1 EIO (Input/output error) (INJECTED)\n`;
  assertEquals(struckAt(failed, { ...fault, trouble: "eio", call: "rename" }, false), "a.new");
  assertEquals(struckAt(failed, { ...fault, trouble: "eio" }, false), null);
});
