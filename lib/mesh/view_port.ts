import type { ViewMessage } from "./view_message.ts";

/** What the overlay asks of its host. */
export interface ViewPort {
  /** Sends to a linked peer. */
  send(peer: string, message: ViewMessage): void;
  /** Wants a link: answered by `linked` or `unreachable`. */
  dial(peer: string): void;
  /** Closes a link, with `disconnect` as the last word, or gives up a dial; `unlinked` may follow. */
  drop(peer: string): void;
  /** A peer became a neighbour, or is one no longer. */
  neighbourUp(peer: string): void;
  neighbourDown(peer: string): void;
  /** Whether a neighbour reaches others by this peer alone, as far as is known. */
  isNeededBy(peer: string): boolean;
  /** All peers that could be dialled, the most promising first, for when nobody is left in the passive view. */
  acquaintances(): string[];
}
