import { type Console, processConsole } from "../host/console.ts";
import { giveUp, NEEDED_ON_REQUEST, NEVER_NEEDED } from "../host/privileges.ts";
import type { Backend } from "./backend.ts";
import { COMPLETE_COMMAND } from "./completion_scripts.ts";
import { EXIT_INTERRUPTED, EXIT_OK } from "./context.ts";
import { asksForPrograms } from "./hooks.ts";
import { hostBackend } from "./host_backend.ts";
import { runCommandLine } from "./run.ts";

/** Runs the command line of this process, to its exit. */
export async function main(): Promise<void> {
  const console = processConsole();
  giveUp(NEVER_NEEDED);
  if (!asksForPrograms(console.words, console.variable)) giveUp(NEEDED_ON_REQUEST);
  console.exit(await runProcess(console, hostBackend()));
}

async function runProcess(console: Console, backend: Backend): Promise<number> {
  const { words } = console;
  if (words[0] === COMPLETE_COMMAND) return await complete(words.slice(1), console, backend);
  const interruption = new AbortController();
  const stopListening = console.onSignal(() => {
    // Who asks twice does not want to wait for a clean end.
    if (interruption.signal.aborted) console.exit(EXIT_INTERRUPTED);
    interruption.abort();
  });
  try {
    return await runCommandLine(words, { console, backend, prompted: null }, interruption.signal);
  } finally {
    stopListening();
  }
}

async function complete(typed: readonly string[], console: Console, backend: Backend): Promise<number> {
  const words = typed[0] === "--" ? typed.slice(1) : typed;
  const { completions } = await import("./completion.ts");
  const { peerSources } = await import("./completion_sources.ts");
  const home = console.variable("KITH_HOME");
  const connection = await backend.connect(home).catch(() => null);
  try {
    const offered = await completions(words, peerSources(console, connection?.transport ?? null));
    if (offered.length > 0) console.stdout.write(new TextEncoder().encode(offered.join("\n") + "\n"));
  } finally {
    connection?.close();
  }
  return EXIT_OK;
}
