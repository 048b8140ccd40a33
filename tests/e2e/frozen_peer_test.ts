import { assertEquals, assertMatch } from "@std/assert";
import { Machine } from "./kith.ts";

Deno.test({
  name: "a command whose peer is frozen says for whom it waits, and goes on once that goes on",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using machine = new Machine();
    const home = machine.home("a");
    const peer = await home.up();
    await home.ok("set", "k", "v");
    const { pid } = peer.process;
    peer.process.kill("SIGSTOP");
    const command = machine.spawn(["get", "k"], { KITH_HOME: home.path }, "null");
    const out = new Response(command.stdout).text();
    const reader = command.stderr.pipeThrough(new TextDecoderStream()).getReader();
    const { value } = await reader.read();
    const says = new RegExp(
      `^kith: Waiting for the peer of ${home.path} \\(process ${pid}\\), which does not answer; `,
    );
    assertMatch(value ?? "", says);
    peer.process.kill("SIGCONT");
    assertEquals([(await command.status).code, await out], [0, "v"]);
    assertEquals((await reader.read()).done, true);
    assertEquals(await peer.stop(), 0);
  },
});
