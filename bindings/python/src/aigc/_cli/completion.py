"""aigc completion bash|zsh|fish: a script for the shell, made of the command's own grammar. Nothing runs when a key is hit."""

from __future__ import annotations

import re
from typing import List

from .grammar import Command

SHELLS = ("bash", "zsh", "fish")
HOW = {
    "bash": "aigc completion bash > ~/.local/share/bash-completion/completions/aigc",
    "zsh": "aigc completion zsh > ~/.zsh/completions/_aigc    # a folder that is in $fpath, before compinit",
    "fish": "aigc completion fish > ~/.config/fish/completions/aigc.fish",
}


def script(shell: str, commands: List[Command]) -> str:
    """The script for a shell."""
    made = {"bash": _bash, "zsh": _zsh, "fish": _fish}[shell](commands)
    # zsh looks at the first line alone to learn whose completion a file is.
    first = "#compdef aigc\n" if shell == "zsh" else ""
    return f"{first}# {HOW[shell]}\n{made}"


def _words(command: Command) -> List[str]:
    """What can be typed behind a command: its actions, its options, and the choices of its arguments."""
    flags = [flag for option in command.options for flag in option.flags]
    choices = [choice for option in command.options if not option.flags for choice in option.choices]
    return [*command.actions, *choices, *flags]


def _bash(commands: List[Command]) -> str:
    values: List[str] = []
    words: List[str] = []
    for command in commands:
        key = " ".join(command.words)
        words.append(f'        "{key}") words="{" ".join(_words(command))}" ;;')
        for option in command.options:
            if option.flags and option.metavar:
                pattern = "|".join(f'"{key}:{flag}"' for flag in option.flags)
                kind = f'words="{" ".join(option.choices)}"' if option.choices else "files=yes"
                values.append(f"        {pattern}) {kind}; value=yes ;;")
    groups = "|".join(f'"{" ".join(c.words)}"' for c in commands if c.actions and c.words)
    names = "|".join(f'"{" ".join(c.words)}"' for c in commands if c.words)
    return f"""_aigc() {{
    local current=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} path="" word at words="" files="" value=""
    for ((at = 1; at < COMP_CWORD; at++)); do
        word=${{COMP_WORDS[at]}}
        case "${{path:+$path }}$word" in {names}) path="${{path:+$path }}$word" ;; esac
        case "$path" in "" | {groups or '" "'}) ;; *) break ;; esac
    done
    case "$path:$before" in
{chr(10).join(values)}
    esac
    [ -n "$value" ] || case "$path" in
{chr(10).join(words)}
    esac
    if [ -n "$value$files" ] && [ -z "$words" ]; then
        COMPREPLY=($(compgen -f -- "$current"))
    else
        COMPREPLY=($(compgen -W "$words" -- "$current"))
    fi
}}
complete -o filenames -F _aigc aigc
"""


def _quoted(text: str) -> str:
    """One line in single quotes."""
    return "'" + text.replace("'", "'\\''") + "'"


def _short(text: str) -> str:
    """The first part of a help text, without what zsh takes for syntax."""
    return re.sub(r"[\[\]:\\`$\"]", " ", text.partition(";")[0].partition(". ")[0])


def _zsh(commands: List[Command]) -> str:
    lines = ["_aigc() {", "  local known=\"\" word at", "  for ((at = 2; at < CURRENT; at++)); do"]
    names = "|".join(_quoted(" ".join(c.words)) for c in commands if c.words)
    lines += [
        "    word=${words[at]}",
        "    case \"${known:+$known }$word\" in",
        f"      {names}) known=\"${{known:+$known }}$word\" ;;",
        "    esac",
        "  done",
        "  case \"$known\" in",
    ]
    for command in commands:
        specs: List[str] = []
        for option in command.options:
            for flag in option.flags:
                value = ""
                if option.metavar:
                    value = f":{_short(option.metavar)}:({' '.join(option.choices)})" if option.choices else ":value:_files"
                specs.append(_quoted(f"{'*' if option.many else ''}{flag}[{_short(option.help)}]{value}"))
        arguments = [c for o in command.options if not o.flags for c in o.choices] + command.actions
        specs.append(_quoted(f"*:word:({' '.join(arguments)})") if arguments else _quoted("*:file:_files"))
        lines.append(f"    {_quoted(' '.join(command.words))}) _arguments " + " ".join(specs) + " ;;")
    end = 'if [ "$funcstack[1]" = "_aigc" ]; then _aigc "$@"; else compdef _aigc aigc; fi'
    return "\n".join([*lines, "  esac", "}", "", end, ""])


def _fish(commands: List[Command]) -> str:
    lines = ["complete -c aigc -f"]
    for command in commands:
        if not command.words:
            when = "__fish_use_subcommand"
        else:
            when = "; and ".join(f"__fish_seen_subcommand_from {word}" for word in command.words)
            if command.actions:
                when += f"; and not __fish_seen_subcommand_from {' '.join(command.actions)}"
        head = f"complete -c aigc -n {_quoted(when)}"
        below = {c.words[-1]: c.help for c in commands if c.words[:-1] == command.words and c.words}
        for name in command.actions:
            lines.append(f"{head} -a {name} -d {_quoted(_short(below.get(name, '')))}")
        for option in command.options:
            parts = [f"-l {f[2:]}" if f.startswith("--") else f"-s {f[1:]}" for f in option.flags]
            if not option.flags:
                if option.choices:
                    lines.append(f"{head} -a {_quoted(' '.join(option.choices))}")
                continue
            if option.metavar:
                parts.append(f"-x -a {_quoted(' '.join(option.choices))}" if option.choices else "-r -F")
            lines.append(f"{head} {' '.join(parts)} -d {_quoted(_short(option.help))}")
    return "\n".join([*lines, ""])
