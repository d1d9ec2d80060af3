"""What people most likely meant by words of the command line that mean nothing, to stand behind what typer says of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from fastdln.text import suggestion

# Options of other programs, by ours.
OTHER_WORDS = {"--output": "-o", "--out": "-o", "--store": "-o", "--file": "-o", "-q": "--quiet", "-s": "--set"}
OTHER_WORDS |= {"-h": "--help", "-help": "--help", "-v": "--version", "-V": "--version"}
NUMBER = re.compile(r"[-+]?[\d.]+(e[-+]?\d+)?")
OF_CENTER = re.compile(rf"\w+=({NUMBER.pattern})")
AXES = {"eta", "alpha", "depth", "seed"}
ENDS_OF_FILES = (".zarr", ".png", ".pdf", ".svg", ".html")


def no_such_command(word: str, commands: Iterable[str]) -> str:
    """What is said of a word that stands where a command should."""
    said = f"No such command {word!r}"
    if word.endswith(".toml"):
        return f"{said}; to compute a sweep: fastdln run {word}"
    if word.rstrip("/").endswith(".zarr"):
        return f"{said}; to look at a store: fastdln status {word}"
    if word in ("help", "version"):
        return f"{said} (did you mean --{word}?)"
    return f"{said}{suggestion(word, commands)}; the commands are {', '.join(commands)}"


def hint(error: Any, command: Any) -> str:
    """What stands behind a complaint of typer's about words of the command line, where we know what was meant."""
    said = str(getattr(error, "message", ""))
    taken = ["--help", *(name for parameter in command.params for name in parameter.opts)]
    if option := getattr(error, "option_name", None):
        return of_option(option, taken, error.ctx)
    if said.startswith("Got unexpected extra argument"):
        return of_extra_words(said.rpartition(" (")[2].rstrip(").").split(), taken)
    about = getattr(getattr(error, "param", None), "help", None)
    if about and error.format_message().startswith("Missing"):
        return f": {about.rstrip('.')}"
    return ""


def of_option(option: str, taken: list[str], context: Any) -> str:
    """What was meant by an option that a command does not have."""
    key = option.lstrip("-").replace("-", "_")
    if "--set" in taken and key in keys() | AXES:
        return f"; keys are changed by --set {'axes.' * (key in AXES)}{key}=..."
    if "--at" in taken and key in AXES | {"mode"}:
        return f"; to choose one: --at {key}=..."
    if OTHER_WORDS.get(option, "") in taken:
        return f" (did you mean {OTHER_WORDS[option]}?)"
    if meant := suggestion(option, [name for name in taken if name.startswith("--")]):
        return meant
    commands = context.find_root().command.commands
    having = [name for name, one in commands.items() if any(option in parameter.opts for parameter in one.params)]
    if having and context.parent is None:
        return f"; it stands behind the command: fastdln {having[0]} ... {option}"
    return f"; it is an option of {', '.join(having)}" if having else ""


def of_extra_words(words: list[str], taken: list[str]) -> str:
    """What was meant by words that stand where none is expected: most often a shell has cut a value in pieces."""
    if not words:
        return ""
    if "--variables" in taken:
        return f"; names are joined by commas: --variables {','.join(['fate', *words])}"
    if "--center" in taken and all(OF_CENTER.fullmatch(word) for word in words):
        return f"; values are joined by commas: --center eta=1.42,{','.join(words)}"
    if "--set" in taken:
        if any(word.startswith("=") for word in words) or all(NUMBER.fullmatch(word) for word in words):
            return "; no spaces around =: --set axes.eta.num=100"
        if any(word.count("=") > 1 or any(mark in word for mark in "[]{},") for word in words):
            return "; quote what has spaces, brackets or commas: --set 'axes.eta=[0.1, 0.2]'"
        if words[0].partition("=")[0].partition(".")[0] in keys():
            key, _, value = words[0].partition("=")
            return f"; keys are changed by --set {key}={value or ' '.join(words[1:2]) or '...'}"
    if "-o" in taken and words[0].rstrip("/").endswith(ENDS_OF_FILES):
        return f"; what is written is named behind -o: -o {words[0]}"
    return "; it takes no more words than its options"


def keys() -> set[str]:
    """The keys of a sweep."""
    from fastdln.sweep.schema import Sweep

    return set(Sweep.model_fields)
