import type { OverlayHabits } from "./overlay_network.ts";

/** The network of the figures: one connection of ten loses a fifth of its messages, once they are to be lost. */
export const OVERLAY_HABITS: Omit<OverlayHabits, "seed" | "peers"> = {
  latencyMs: [5, 50],
  lossyLinks: 0.1,
  loss: 0.2,
};
