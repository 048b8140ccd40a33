/** A message on a topic, as it is delivered. */
export interface PostView {
  readonly topic: string;
  readonly payload: Uint8Array;
  /** Base32 id of who sent it: this peer, where it was published here. */
  readonly peer: string;
  /** When, in ms since 1970 by the sender's clock. */
  readonly timeMs: number;
  /** Whether it was for this peer alone. */
  readonly direct: boolean;
  /** The id by which it can be answered, where that is waited for. */
  readonly question: string | null;
}

/** The answer to a question. */
export interface AnswerView {
  readonly payload: Uint8Array;
  /** Base32 id of who answered. */
  readonly peer: string;
  /** When, in ms since 1970 by its clock. */
  readonly timeMs: number;
}

/** What came to a reader since it last looked. */
export interface PostNews {
  /** How many messages before these gave way, since it was too slow. */
  readonly dropped: number;
  /** How many of whose messages never came to this peer, on whatever topic. */
  readonly missed: readonly { readonly peer: string; readonly count: number }[];
  readonly posts: readonly PostView[];
}

/** Reads the messages on a topic. */
export interface PostReader {
  /** Whether `take` has something to give. */
  readonly hasNews: boolean;
  take(): PostNews;
  /** No more is needed. */
  close(): void;
}

/** How many messages on topics went which way since the start. */
export interface MessageCounts {
  readonly sent: number;
  /** Of others, each once. */
  readonly received: number;
  /** Batches of others that were passed on, each time that they were. */
  readonly passedOn: number;
  /** Of others, that never came: what follows them did. */
  readonly missed: number;
  /** That gave way since a link was too slow. */
  readonly dropped: number;
  /** That gave way since a local reader was too slow. */
  readonly unread: number;
}
