"""What can go wrong through no fault of the program; each message is one line that says what would be valid."""


class SweepError(ValueError):
    """The sweep, or a word of the command line, cannot be used as given. Nothing has been written."""


class StoreError(ValueError):
    """The store's path holds something else, another sweep, or a run that still goes on. Nothing has been written."""


class ClusterError(ValueError):
    """The cluster cannot be used: nobody answers, or its workers have other versions. Nothing has been written."""


class DatasetError(ValueError):
    """The dataset cannot be drawn or read so, or the picture not be written; the message says what it would take."""


class IncompleteError(RuntimeError):
    """Some chunks were not computed; what is finished is safe, and running the sweep again goes on from there."""


def first_line(error: BaseException) -> str:
    """What an error says, in one line; object stores append pages of XML and of their own structures."""
    return str(error).strip().partition("\n")[0].partition(": <?xml")[0] or type(error).__name__


# Longer lines are no longer read, and fill a terminal.
LONGEST_LINE = 2000


def shown(text: str) -> str:
    """Text of whatever origin as a line that a terminal can be given: control characters escaped, and cut."""
    cut = text if len(text) <= LONGEST_LINE else f"{text[:LONGEST_LINE]} ... ({len(text):,} characters)"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in cut)
