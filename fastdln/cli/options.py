"""Words that several commands share, and the options of those that compute."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from glob import escape
from inspect import Parameter, Signature, signature
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, get_type_hints

import typer

from fastdln import files
from fastdln.cli.console import LEAST_TO_COMPUTE, Messages, refuse_less_than, say

# readable=False: whether a file can be read is told where it is read, in one line
SweepFile = Annotated[Path, typer.Argument(metavar="SWEEP.toml", help="The sweep file.", readable=False)]
StorePath = Annotated[str, typer.Argument(metavar="STORE", help="A store that `run` made, a path or URL.")]
Sets = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change a key of the file, e.g. axes.eta.num=100. Repeatable."),
]
StorageOptions = Annotated[
    list[str] | None,
    typer.Option("--storage", metavar="KEY=VALUE", help="An option of the object store, e.g. endpoint=... Repeatable."),
]
# `console.exits` runs the files before the command.
Load = Annotated[
    list[Path] | None,
    typer.Option(
        "--load",
        metavar="FILE.py",
        help="Run a file that registers models or observables of your own. Repeatable.",
        readable=False,
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress on stderr.")]


def pairs(
    words: list[str] | None, option: str = "--storage", example: str = "endpoint=https://host"
) -> dict[str, str] | None:
    """ "key=value" words as a dict."""
    from fastdln.errors import StoreError

    split = [word.partition("=") for word in words or ()]
    for key, equals, _ in split:
        if not key or not equals:
            raise StoreError(f"{option} {key}: must look like {example}")
        if sum(key == other for other, *_ in split) > 1:
            raise StoreError(f"{option} {key}: is given twice")
    return {key: value for key, _, value in split} or None


def beside(store: str) -> str:
    """The beginning of the names of files about a store: its path; for a URL its name, in the current folder."""
    return PurePosixPath(store).name if "://" in store else str(files.at(store))


def named_after(store: str) -> str:
    """The name of files made of a store, in the current folder."""
    return PurePosixPath(beside(store)).stem or "store"


def is_there(store: str) -> bool:
    """Whether a path looks like a store's at a glance; of URLs nobody can tell before they answer."""
    return "://" in store or Path(beside(store), "zarr.json").is_file()


def logs(store: str) -> list[Path]:
    """The logs of a store's runs and shares, where they are kept."""
    from fastdln.execution.logged import MOST_LOGS

    log = Path(beside(store))
    shares = log.parent.glob(f"{escape(log.name)}.part-*-of-*.log")
    return [Path(f"{log}.log"), *sorted(islice(shares, MOST_LOGS))]


@dataclass(frozen=True, eq=False)
class ComputingOptions:
    """Options of the commands that compute; none of them changes the results."""

    scheduler: Annotated[
        str | None,
        typer.Option(
            "--scheduler",
            metavar="ADDRESS",
            help="A Dask cluster, such as tcp://host:8786. Needs fastdln[distributed].",
        ),
    ] = None
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers", metavar="N", help="Processes on this machine instead of threads. Needs fastdln[distributed]."
        ),
    ] = None
    dashboard: Annotated[
        bool, typer.Option("--dashboard", help="With --workers: Dask's dashboard on 127.0.0.1:8787.")
    ] = False
    fail_fast: Annotated[bool, typer.Option("--fail-fast", help="Stop at the first chunk that fails.")] = False
    durable: Annotated[bool, typer.Option("--durable", help="Wait until files would survive a loss of power.")] = False
    storage: StorageOptions = None
    log_json: Annotated[bool, typer.Option("--log-json", help="A line of JSON an event on stderr, for machines.")] = (
        False
    )
    quiet: Quiet = False

    def keywords(self) -> dict[str, Any]:
        """The keywords of `fastdln.run`."""
        if self.dashboard and not self.workers:
            from fastdln.errors import SweepError

            raise SweepError("--dashboard: is of the cluster that --workers starts")
        return {
            "scheduler": self.scheduler,
            "workers": self.workers,
            "dashboard": self.dashboard,
            "fail_fast": self.fail_fast,
            "durable": self.durable,
            "storage_options": pairs(self.storage),
            "progress": not (self.quiet or self.log_json),
        }

    @contextmanager
    def logged(self, store: str, part: str | None = None) -> Iterator[None]:
        """Keeps the log beside the store, that of a URL in the current folder."""
        from fastdln.execution.log import kept

        refuse_less_than(LEAST_TO_COMPUTE)
        share = f".part-{part.replace('/', '-of-')}" if part else ""
        Messages.as_json = self.log_json
        with kept(Path(f"{beside(store)}{share}.log"), self.log_json):
            yield

    @contextmanager
    def working(self, store: str, part: str | None = None, opened: str | None = None) -> Iterator[None]:
        """Keeps the log, and says the end; opened: what xarray opens, where that is not the store itself."""
        with self.logged(store, part):
            yield
        if not (self.quiet or self.log_json):
            done = f"part {part} done" if part else "done"
            say(f"{done}: {store}; load it with fastdln.open({store!r}) or xarray.open_zarr({(opened or store)!r})")


@dataclass(frozen=True, eq=False)
class PictureOptions:
    """Options of a picture, by the words of `fastdln.plots.Options`."""

    choices: Annotated[
        list[str] | None,
        typer.Option("--at", metavar="DIM=VALUE", help="Only there, e.g. depth=3, or mode=1. Repeatable."),
    ] = None
    panels: Annotated[
        str | None, typer.Option("--panels", metavar="DIM", help="A panel for each value, e.g. eta; several by commas.")
    ] = None
    x: Annotated[
        str | None, typer.Option("--x", metavar="AXIS", help="On the x axis: eta, 'eta S', step; of maps any axis.")
    ] = None
    y: Annotated[str | None, typer.Option("--y", metavar="AXIS", help="On the y axis of maps.")] = None
    log: Annotated[
        bool | None, typer.Option("--log/--no-log", help="A log scale of what is measured: y axis, or colours of maps.")
    ] = None
    xlim: Annotated[str | None, typer.Option("--xlim", metavar="A,B", help="First and last value on the x axis.")] = (
        None
    )
    ylim: Annotated[str | None, typer.Option("--ylim", metavar="A,B", help="First and last value on the y axis.")] = (
        None
    )
    cmap: Annotated[
        str | None, typer.Option("--cmap", metavar="NAME", help="A colour map of Matplotlib, e.g. viridis.")
    ] = None
    title: Annotated[
        str | None, typer.Option("--title", metavar="TEXT", help="Instead of the sweep's; '' for none.")
    ] = None
    size: Annotated[str | None, typer.Option("--size", metavar="WxH", help="Inches, e.g. 7x4.4.")] = None
    style: Annotated[
        str | None, typer.Option("--style", metavar="NAME", help="screen, paper (small letters) or talk (large ones).")
    ] = None
    over: Annotated[
        list[str] | None,
        typer.Option(
            "--over", metavar="STORE", help="A further store, drawn over the first; --at chooses of all. Repeatable."
        ),
    ] = None

    def chosen(self) -> dict[str, str]:
        """Values of dimensions."""
        return pairs(self.choices, "--at", "depth=3") or {}

    def look(self) -> dict[str, Any]:
        """The words of the appearance that are given, but for further stores."""
        names = [field.name for field in fields(self) if field.name not in ("choices", "over")]
        return {name: value for name in names if (value := getattr(self, name)) is not None}

    def words(self) -> list[str]:
        """The options as they are typed, for the command that a file carries."""
        found = [word for dim, value in self.chosen().items() for word in ("--at", f"{dim}={value}")]
        for name, value in self.look().items():
            found += [f"--{name}", value] if isinstance(value, str) else [f"--{name}" if value else f"--no-{name}"]
        return found + [word for store in self.over or () for word in ("--over", store)]


def takes(kind: type) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Gives a command the options of a dataclass, an object of which it gets as `how`."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        hints = get_type_hints(command, include_extras=True)
        own = [p.replace(annotation=hints[p.name]) for p in signature(command).parameters.values() if p.name != "how"]
        kinds = get_type_hints(kind, include_extras=True)
        shared = [
            Parameter(f.name, Parameter.KEYWORD_ONLY, default=f.default, annotation=kinds[f.name]) for f in fields(kind)
        ]

        def with_options(**words: Any) -> None:
            how = kind(**{option.name: words.pop(option.name) for option in shared})
            command(**words, how=how)

        with_options.__name__, with_options.__doc__ = command.__name__, command.__doc__
        with_options.__signature__ = Signature(own + shared)  # type: ignore[attr-defined]  # what typer reads
        with_options.__annotations__ = {p.name: p.annotation for p in own + shared}
        return with_options

    return decorate


computes = takes(ComputingOptions)
