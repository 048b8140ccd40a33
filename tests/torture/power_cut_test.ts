import { assertEquals } from "@std/assert";
import { cutPower, unsyncedWrites } from "./power_cut.ts";

Deno.test("what was written and not synced is what a power cut takes", () => {
  const log = `7 pwrite64(3</h/wal>, "a)  = 5"..., 24, 0) = 24
7 fsync(3</h/wal>) = 0
7 pwrite64(3</h/wal>, "b"..., 24, 4096) = 24
7 pwrite64(3</h/wal>, "c"..., 100, 8192 <unfinished ...>
8 write(4</h/a.new>, "text", 4)          = 4
7 <... pwrite64 resumed>) = 60
8 rename("/h/a.new", "/h/a") = 0
7 pwrite64(5</h/db>, "d"..., 24, 0) = -1 EIO (Input/output error) (INJECTED)
7 write(6</h/key.new>, "text", 4) = 4
7 fsync(6</h/key.new> <unfinished ...>
7 <... fsync resumed>) = 0
7 rename("/h/key.new", "/h/key") = 0
7 write(9</h/gone>, "text", 4) = 4
7 unlink("/h/gone") = 0
7 fsync(3</h/wal>) = ?
`;
  const unsynced = [...unsyncedWrites(log)].filter(([, ranges]) => ranges.length > 0);
  assertEquals(Object.fromEntries(unsynced), {
    "/h/wal": [{ offset: 4096, sizeBytes: 24 }, { offset: 8192, sizeBytes: 60 }],
    "/h/a": [{ offset: 0, sizeBytes: Infinity }],
  });
});

Deno.test("a power cut leaves zeros, and no file where there was none", () => {
  const path = Deno.makeTempFileSync();
  Deno.writeTextFileSync(path, "abcdefgh");
  const ranges = [{ offset: 1, sizeBytes: 2 }, { offset: 6, sizeBytes: 9 }, { offset: 20, sizeBytes: 1 }];
  cutPower(new Map([[path, ranges], [`${path}-gone`, ranges]]));
  assertEquals(Deno.readTextFileSync(path), "a\0\0def\0\0");
  Deno.removeSync(path);
});
