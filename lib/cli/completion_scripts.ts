import { COMMANDS } from "./commands.ts";
import { type Context, EXIT_OK } from "./context.ts";
import { SHELLS } from "./completion.ts";
import { suggestion, usageError } from "./usage.ts";

/** The hidden command that the scripts ask; the words typed so far follow it, the last one being completed. */
export const COMPLETE_COMMAND = "__complete";

const BASH = `# kith completion for bash: source <(kith completions bash)
_kith() {
  local line words=("\${COMP_WORDS[@]:1:COMP_CWORD}")
  COMPREPLY=()
  while IFS= read -r line; do
    COMPREPLY+=("$(printf '%q' "$line")")
  done < <(kith ${COMPLETE_COMMAND} -- "\${words[@]}" 2>/dev/null)
  [[ \${COMPREPLY[0]-} == */ ]] && compopt -o nospace
}
complete -F _kith kith
`;

const ZSH = `#compdef kith
# kith completion for zsh: source <(kith completions zsh)
_kith() {
  local -a found
  found=("\${(@f)$(kith ${COMPLETE_COMMAND} -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  found=(\${found:#})
  compadd -- $found
}
compdef _kith kith
`;

/** fish shows a description behind a tab. */
function fishScript(): string {
  const commands = COMMANDS.map(({ name, summary }) =>
    `complete -c kith -f -n __fish_use_subcommand -a ${name} -d ${quote(summary)}`
  );
  return [
    "# kith completion for fish: kith completions fish | source",
    ...commands,
    `complete -c kith -f -n 'not __fish_use_subcommand' -a '(kith ${COMPLETE_COMMAND} -- ` +
    `(commandline -opc)[2..] (commandline -ct) 2>/dev/null)'`,
    "",
  ].join("\n");
}

/** `completions bash|zsh|fish`. */
export function completionScript(context: Context): Promise<number> {
  const shell = context.args[0] as string;
  const script = shell === "bash" ? BASH : shell === "zsh" ? ZSH : shell === "fish" ? fishScript() : undefined;
  if (script === undefined) {
    throw usageError(
      `There are no completions for '${shell}'; ${suggestion(shell, SHELLS, `name ${SHELLS.join(", ")}.`)}`,
    );
  }
  context.output.bytes(new TextEncoder().encode(script));
  return Promise.resolve(EXIT_OK);
}

function quote(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
