/** Why nothing can be made to fail here, as the end of a test's name; empty where it can. */
export const NO_STRACE = await canTrace() ? "" : " (skipped: strace is not here, or may not trace)";

/** What happens at a system call: SIGKILL in its place, a power cut, or an error, once or from then on. */
export type Trouble = "kill" | "cut" | "eio" | "full";

/** A point at which a process is hurt. */
export interface Fault {
  readonly trouble: Trouble;
  readonly call: string;
  /** The how manieth such call on the files, of one thread; from 1. */
  readonly number: number;
  readonly files: Files;
}

/**
 * Which files the calls are about. Faults count by thread; the commit counter is written by other threads than all the
 * rest, whose first calls would hide its.
 */
export type Files = "counter" | "others";

/** The calls that change files, by what they are called on one system or another. */
export const WRITING_CALLS = [
  ...["openat", "write", "pwrite64", "fsync", "fdatasync", "ftruncate", "fallocate", "mkdir", "mkdirat"],
  ...["chmod", "fchmod", "fchmodat", "rename", "renameat", "renameat2", "unlink", "unlinkat"],
];

/** The calls that only read them. */
export const READING_CALLS = ["read", "pread64"];

const INJECTIONS: Readonly<Record<Trouble, (number: number) => string>> = {
  kill: (number) => `signal=KILL:when=${number}`,
  // What then is taken from the files is up to whoever reads the log.
  cut: (number) => `signal=KILL:when=${number}`,
  eio: (number) => `error=EIO:when=${number}`,
  // A disk that is full stays so.
  full: (number) => `error=ENOSPC:when=${number}+`,
};

/**
 * The words before a command that is to be traced.
 *
 * @param log the file that receives one line for each call.
 * @param paths which files the calls have to be about to be counted.
 * @param fault null: the calls are only counted.
 */
export function straceWords(log: string, paths: readonly string[], fault: Fault | null): string[] {
  const traced = [...WRITING_CALLS, ...READING_CALLS].map((call) => `?${call}`).join(",");
  const words = ["strace", "-f", "-qq", "-y", "-e", "signal=none", "-o", log, "-e", `trace=${traced}`];
  if (fault !== null) words.push("-e", `inject=${fault.call}:${INJECTIONS[fault.trouble](fault.number)}`);
  return [...words, ...paths.flatMap((path) => ["-P", path])];
}

/** How often a call was made on files. */
export interface CallCount extends Pick<Fault, "call" | "files"> {
  readonly count: number;
}

/** How often each call was made, by the thread that made most of them: the one which the faults count for. */
export function callCounts(log: string, counterPath: string): CallCount[] {
  const threads = new Map<string, number>();
  const counts = new Map<string, CallCount>();
  for (const [line, thread, call = ""] of log.matchAll(/^(\d+) +(\w+)\(.*$/gm)) {
    const path = pathOf(line);
    const files: Files = path === counterPath || path === `${counterPath}.new` ? "counter" : "others";
    const count = (threads.get(`${thread} ${call} ${files}`) ?? 0) + 1;
    threads.set(`${thread} ${call} ${files}`, count);
    const most = counts.get(`${call} ${files}`)?.count ?? 0;
    if (count > most) counts.set(`${call} ${files}`, { call, files, count });
  }
  return [...counts.values()];
}

/**
 * The name of the file at which the fault struck; null where the process did not come to it.
 *
 * @param killed whether the process ended by SIGKILL.
 */
export function struckAt(log: string, fault: Fault, killed: boolean): string | null {
  const lines = log.split("\n").filter((line) => line.includes(` ${fault.call}(`));
  const line = killsProcess(fault)
    ? killed ? lines.findLast((line) => /( = \?|<unfinished \.\.\.>)$/.test(line)) : undefined
    : lines.find((line) => line.includes("(INJECTED)"));
  if (line === undefined) return null;
  return (pathOf(line) ?? line).replace(/^.*\//, "");
}

/** The first file that a call is about; null where none is told. */
function pathOf(line: string): string | null {
  const path = /^\d+ +\w+\((?:\d+<([^>]*)>|[^"]*"([^"]*)")/.exec(line);
  return path?.[1] ?? path?.[2] ?? null;
}

/** Whether the process ends at the point. */
export function killsProcess({ trouble }: Fault): boolean {
  return trouble === "kill" || trouble === "cut";
}

/** Whichever process a log is about; null where there is nothing in it yet. */
export function tracedPid(log: string): number | null {
  const pid = /^(\d+) /.exec(log)?.[1];
  return pid === undefined ? null : Number(pid);
}

async function canTrace(): Promise<boolean> {
  if (Deno.build.os !== "linux") return false;
  try {
    const args = ["-f", "-qq", "-o", "/dev/null", "true"];
    return (await new Deno.Command("strace", { args, stderr: "null" }).output()).success;
  } catch {
    // There is no such command.
    return false;
  }
}
