"""Text from anywhere as lines for people: nothing in it steers a terminal, and none of it is too long to read."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from itertools import islice

# Some ten rows of a terminal; a message keeps its beginning, which names the key or path, and its end, which says what is valid.
LONGEST = 2000

# Characters of a word in a message: more than a path of a file that is there mostly has, and some four rows of a terminal.
LONGEST_SHOWN = 300

# Characters of a word, and number of names, that are compared: what takes a moment.
LONGEST_WORD, MOST_NAMES = 100, 10_000

# Characters of a name that a longer word is meant for, as "logarithmic" is for "log".
SHORTEST_STEM = 3


def cut(text: str, longest: int = LONGEST) -> str:
    """The text, without its middle where it is too long."""
    half = (longest - 5) // 2
    return text if len(text) <= longest else f"{text[:half]} ... {text[-half:]}"


def short_words(text: str) -> str:
    """The text with its words, such as paths, cut where they are too long to be read."""
    return re.sub(rf"\S{{{LONGEST_SHOWN + 1},}}", lambda word: cut(word[0], LONGEST_SHOWN), text)


def visible(text: str, longest: int = LONGEST) -> str:
    r"""The text with what is no character to look at (control, bidi, lone surrogates) as \x1b, \u202e, \udcff; cut."""
    text = cut(text.replace("\t", " "), longest)
    if text.isprintable():
        return text
    return cut("".join(c if c.isprintable() or unicodedata.category(c) == "Zs" else escaped(c) for c in text), longest)


def escaped(character: str) -> str:
    return character.encode("unicode_escape").decode()


def one_line(text: str, longest: int = LONGEST) -> str:
    """The text in one line."""
    return visible(" ".join(stripped for line in text.splitlines() if (stripped := line.strip())), longest)


def block(text: str) -> str:
    """The text in its own lines, each of them visible and cut."""
    return "\n".join(map(visible, text.splitlines()))


def closest(word: str, names: Iterable[str]) -> str:
    """The name that a word is most likely a slip of, whatever its case; empty if it is like none."""
    from difflib import get_close_matches

    by_folded = {name.casefold(): name for name in islice(names, MOST_NAMES)}
    folded = word[:LONGEST_WORD].casefold()
    found = get_close_matches(folded, by_folded, n=1)
    longer = [name for name in by_folded if len(name) >= SHORTEST_STEM and folded.startswith(name)]
    return by_folded[(found or longer)[0]] if found or longer else ""


def suggestion(word: object, names: Iterable[str]) -> str:
    """Words such as " (did you mean period?)" to stand behind an unknown word; none if it is like no name."""
    name = closest(word, names) if isinstance(word, str) else ""
    return f" (did you mean {name}?)" if name else ""
