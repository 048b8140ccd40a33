import type { Target } from "./target.ts";

/** Targets that share a file, which is loaded only when they are run: coverage takes longer the more is loaded. */
export interface TargetPart {
  readonly names: readonly string[];
  load(): Promise<{ readonly TARGETS: readonly Target[] }>;
}

/** Every target. */
export const PARTS: readonly TargetPart[] = [
  {
    names: [
      "message",
      "header",
      "operation",
      "bundle",
      "partial",
      "frontier",
      "record",
      "batch",
      "sealed_batch",
      "hello",
    ],
    load: () => import("./targets/wire.ts"),
  },
  { names: ["transaction", "proof"], load: () => import("./targets/data.ts") },
  { names: ["frames", "close", "stream", "records"], load: () => import("./targets/link.ts") },
  {
    names: ["ticket", "ticket_body", "relay_text", "relay_body", "address", "config", "spellings", "text"],
    load: () => import("./targets/people.ts"),
  },
  {
    names: ["config_file", "identity_file", "counter_file", "runtime_note", "backup", "tar_header"],
    load: () => import("./targets/files.ts"),
  },
  { names: ["api", "import", "position"], load: () => import("./targets/api.ts") },
  { names: ["lan_packet"], load: () => import("./targets/lan.ts") },
  { names: ["dht_packet"], load: () => import("./targets/dht.ts") },
  { names: ["member"], load: () => import("./targets/member.ts") },
];

/** Whether a script is one of those that are fuzzed. */
export function isFuzzed(url: string): boolean {
  return /^file:.*\/lib\/[a-z]+\/[a-z_0-9]+\.ts$/.test(url);
}
