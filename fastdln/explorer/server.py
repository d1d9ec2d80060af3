"""The page on this machine: served on loopback, to pages of its own origin only."""

from __future__ import annotations

import asyncio
import gc
import html
import threading
import webbrowser
from collections.abc import Callable
from typing import Any

from fastdln.errors import SweepError
from fastdln.explorer.scene import Subject
from fastdln.explorer.stored import Stored

try:
    from bokeh.application import Application
    from bokeh.application.handlers.handler import Handler
    from bokeh.server.auth_provider import AuthProvider
    from bokeh.server.server import Server
    from tornado.ioloop import IOLoop
    from tornado.web import HTTPError
except ImportError:
    raise SweepError("explore: needs Bokeh: pip install 'fastdln[explore]'") from None

from fastdln.explorer.page import Page, show

ADDRESS, NAME = "127.0.0.1", "localhost"
# A page sends ranges and choices; what is longer is not of it.
LONGEST_MESSAGE = 2**20
# Seconds until the memory of a page that was closed is given back, and how often that is looked at.
UNUSED_SECONDS, LOOK_SECONDS = 10, 5
# Pages at once; each has two threads and a few pictures in memory. Sessions are those of pages that were left lately as well.
MOST_PAGES, MOST_SESSIONS = 16, 32
# Pictures are held by cycles of Bokeh's models: as often as these are looked for by default, and not by a short command.
COLLECTED = (700, 10, 10)
# Seconds that the server has to come up.
PATIENCE_SECONDS = 30.0
FRAME = '<iframe src="{url}" width="100%" height="{height}" style="border: 0" title="fastdln explore"></iframe>'
FRAME_HEIGHT = 1080


class NobodysSession(AuthProvider):  # type: ignore[misc]  # of a library without types
    """Lets everyone in, but not with words in the address that name a session, which Bokeh would read."""

    @property
    def get_user(self) -> Callable[[Any], str]:
        return user_of

    @property
    def login_url(self) -> str:
        return "/"


def user_of(handler: Any) -> str:
    """The one user; HTTPError for words that are no part of a view and would not reach the page that says so."""
    if any(name.startswith("bokeh-") for name in handler.request.arguments):
        raise HTTPError(400, reason="Words of a view do not begin with bokeh-")
    return "user"


class Pages(Handler):  # type: ignore[misc]  # of a library without types
    """Fills documents with pages, and ends those of sessions that are over.

    Callbacks of a document for that would collect all garbage of the process each time, which stops the server for as long.
    """

    def __init__(self, subject: Subject, stored: Stored | None) -> None:
        super().__init__()
        self._subject, self._stored = subject, stored
        self._pages: dict[str, Page] = {}
        self.sessions: Callable[[], list[Any]] = list

    def modify_document(self, doc: Any) -> None:
        sessions = self.sessions()
        open_pages = sum(session.connection_count > 0 for session in sessions)
        room = open_pages < MOST_PAGES and len(sessions) < MOST_SESSIONS
        page = show(doc, self._subject, self._stored, room)
        if page is not None:
            self._pages[doc.session_context.id] = page

    async def on_session_destroyed(self, session_context: Any) -> None:
        if (page := self._pages.pop(session_context.id, None)) is not None:
            page.stop()


def served(subject: Subject, stored: Stored | None, port: int) -> Any:
    """A server of the page, which has not begun; SweepError where the port is taken."""
    pages = Pages(subject, stored)
    try:
        # without a list of origins Bokeh answers pages of localhost and its port alone
        server = Server(
            {"/": Application(pages)},
            address=ADDRESS,
            port=port,
            websocket_max_message_size=LONGEST_MESSAGE,
            unused_session_lifetime_milliseconds=1000 * UNUSED_SECONDS,
            check_unused_sessions_milliseconds=1000 * LOOK_SECONDS,
            io_loop=IOLoop.current(),
            auth_provider=NobodysSession(),
        )
    except OSError as error:
        said = error.strerror or error
        raise SweepError(f"port: {port} cannot be used: {said}; leave it out for a free one") from None
    pages.sessions = lambda: list(server.get_sessions("/"))
    return server


class Exploration:
    """A page that is served by a thread of this process; a notebook shows it where this is the last line of a cell.

    Attributes
    ----------
    url : str
        Where it is.
    """

    def __init__(self, subject: Subject, stored: Stored | None = None, port: int = 0) -> None:
        self._ready = threading.Event()
        self._error: BaseException | None = None
        self._loop: Any = None
        self._thread = threading.Thread(target=self._serve, args=(subject, stored, port), daemon=True, name="explore")
        self._thread.start()
        if not self._ready.wait(PATIENCE_SECONDS):
            raise SweepError("explore: the server did not come up")
        if self._error is not None:
            raise self._error

    def _serve(self, subject: Subject, stored: Stored | None, port: int) -> None:
        asyncio.set_event_loop(asyncio.new_event_loop())
        self._loop = IOLoop.current()
        try:
            server = served(subject, stored, port)
            server.start()
            self.url = f"http://{NAME}:{server.port}/"
        except BaseException as error:
            self._error = error
            self._ready.set()
            return
        self._loop.add_callback(self._ready.set)
        self._loop.start()
        server.stop()
        self._loop.close(all_fds=True)

    def stop(self) -> None:
        """End the server, and with it all pages of it."""
        if self._thread.is_alive():
            self._loop.add_callback(self._loop.stop)
            self._thread.join(PATIENCE_SECONDS)

    def wait(self) -> None:
        """Return when the server has ended; an interrupt is raised as ever."""
        while self._thread.is_alive():
            self._thread.join(1.0)

    def _repr_html_(self) -> str:
        return FRAME.format(url=html.escape(self.url), height=FRAME_HEIGHT)

    def __repr__(self) -> str:
        return f"Exploration at {self.url}"


def serve(subject: Subject, stored: Stored | None, port: int, browser: bool, said: Callable[[str], object]) -> None:
    """Serves the page until an interrupt."""
    gc.set_threshold(*COLLECTED)
    gc.freeze()  # Bokeh collects garbage as often as a page is closed: of what was imported nothing is
    found = Exploration(subject, stored, port)
    said(f"{found.url} (Ctrl-C ends it)")
    if browser:
        webbrowser.open(found.url)
    try:
        found.wait()
    except KeyboardInterrupt:
        pass
    finally:
        found.stop()
