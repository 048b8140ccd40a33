import { promptSecret } from "@std/cli/prompt-secret";

/** Asks on the terminal; only a yes is a yes. */
export function askYesNo(question: string): boolean {
  const answer = prompt(`${question} [y/N]`)?.trim().toLowerCase() ?? "";
  return answer === "y" || answer === "yes";
}

/** Asks on the terminal for one of a few answers, by number or first letter; null when the person gives up. */
export function askChoice(question: string, choices: readonly string[], first: number): number | null {
  const listed = choices.map((choice, index) => `  ${index + 1}  ${choice}`).join("\n");
  while (true) {
    const answer = prompt(`${question}\n${listed}\n`, String(first + 1));
    if (answer === null) return null;
    const text = answer.trim().toLowerCase();
    const byNumber = Number(text) - 1;
    if (choices[byNumber] !== undefined) return byNumber;
    const byWord = choices.findIndex((choice) => text !== "" && choice.startsWith(text));
    if (byWord >= 0) return byWord;
  }
}

/** Asks for a ticket without showing it; null when the person gives up. */
export function askTicket(): string | null {
  return promptSecret("Ticket (six words, or the long one): ", { mask: "*" });
}
