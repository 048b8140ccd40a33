import { toBase32 } from "../base/base32.ts";
import type { Now } from "../base/clock.ts";
import { KithError } from "../base/errors.ts";
import { MAX_HEARD_QUESTIONS, MAX_OPEN_QUESTIONS } from "../base/limits.ts";
import type { Random } from "../base/random.ts";
import { QUESTION_BYTES } from "../wire/posts.ts";
import type { Reply } from "./machine.ts";
import type { AnswerView } from "./post_views.ts";

/** A question of this peer that waits for its answer, or a message that waits for word that it came. */
interface Open {
  readonly request: number;
  readonly timeoutMs: number;
  readonly dueMs: number;
  /** What did not come about where it waits in vain. */
  readonly lacking: string;
}

/** A question that somebody asked, and that can be answered. */
export interface Heard {
  readonly id: Uint8Array;
  /** Base32 id of who asked. */
  readonly asker: string;
  readonly topic: string;
}

/** Questions and their answers: those that this peer asked, each with its deadline, and those that it may answer. */
export class Questions {
  readonly #random: Random;
  readonly #reply: (id: number, reply: Reply) => void;
  /** By the question's id in base32, as `#heard`. */
  readonly #open = new Map<string, Open>();
  readonly #heard = new Map<string, Heard & { readonly untilMs: number }>();

  constructor(random: Random, reply: (id: number, reply: Reply) => void) {
    this.#random = random;
    this.#reply = reply;
  }

  /**
   * A request asks something.
   *
   * @param ask is given the question's id. @param lacking what did not come about where nobody answers.
   * @throws {KithError} `busy`, and what `ask` throws.
   */
  open(
    request: number,
    timeoutMs: number,
    ask: (question: Uint8Array) => void,
    now: Now,
    lacking = "nobody answered",
  ): void {
    if (this.#open.size >= MAX_OPEN_QUESTIONS) throw new KithError("busy", { limit: MAX_OPEN_QUESTIONS });
    const id = this.#random.bytes(QUESTION_BYTES).slice();
    ask(id);
    this.#open.set(toBase32(id), { request, timeoutMs, dueMs: now.monotonicMs + timeoutMs, lacking });
  }

  /** An answer came. The first one counts; where none is waited for any more, nothing happens. */
  answered(id: Uint8Array, answer: AnswerView): void {
    const text = toBase32(id);
    const open = this.#open.get(text);
    if (open === undefined) return;
    this.#open.delete(text);
    this.#reply(open.request, { ok: true, answer, reached: 1 });
  }

  /** Somebody asks something. @returns how it is called by who answers it. */
  heard(question: Heard, timeoutMs: number, now: Now): string {
    const text = toBase32(question.id);
    for (const [oldest, { untilMs }] of this.#heard) {
      if (this.#heard.size < MAX_HEARD_QUESTIONS && untilMs > now.monotonicMs) break;
      this.#heard.delete(oldest);
    }
    this.#heard.set(text, { ...question, untilMs: now.monotonicMs + timeoutMs });
    return text;
  }

  /** The question of that name, to be answered: it can be answered once. @throws {KithError} `question_unknown`. */
  take(text: string, now: Now): Heard {
    const heard = this.#heard.get(text);
    this.#heard.delete(text);
    if (heard === undefined || heard.untilMs <= now.monotonicMs) {
      throw new KithError("question_unknown", { question: text });
    }
    return heard;
  }

  /** Gives up on what waited too long. */
  tick(now: Now): void {
    for (const [text, { request, timeoutMs, dueMs, lacking }] of this.#open) {
      if (dueMs > now.monotonicMs) continue;
      this.#open.delete(text);
      const values = { seconds: timeoutMs / 1000, detail: lacking };
      this.#reply(request, { ok: false, code: "timed_out", values });
    }
  }

  /** The monotonic time in ms at which `tick` is due. */
  deadline(): number {
    let due = Infinity;
    for (const { dueMs } of this.#open.values()) due = Math.min(due, dueMs);
    return due;
  }
}
