"""A page in a browser, as tests drive it."""

import time
from urllib.parse import parse_qs, urlparse

import pytest

# the browser's and the server's sockets are closed by their own threads
SOCKETS = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

# Nothing but the page is asked for: no updates, no telemetry.
SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Milliseconds that a picture may take, kernels that have to be compiled included.
PATIENCE = 60_000
WIDTH, HEIGHT = 300, 200
SMALL = f"?width={WIDTH}&height={HEIGHT}"


class Tab:
    """A page in the browser, and all that it complains of."""

    def __init__(self, browser, url, **options):
        self.context = browser.new_context(viewport={"width": 1300, "height": 800}, accept_downloads=True, **options)
        self.page = self.context.new_page()
        self.complaints, self.elsewhere = [], []
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self._ask(request.url, url))
        self.page.goto(url)
        # the keyboard is listened to from then on
        self.page.wait_for_function("Bokeh.documents.length > 0 && Bokeh.documents[0].is_idle", timeout=PATIENCE)

    def _note(self, message):
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _ask(self, asked, url):
        if urlparse(asked).netloc != urlparse(url).netloc and urlparse(asked).scheme not in ("blob", "data"):
            self.elsewhere.append(asked)

    def wait(self, text):
        self.page.get_by_text(text).first.wait_for(timeout=PATIENCE)

    def query(self):
        return {name: values[0] for name, values in parse_qs(urlparse(self.page.url).query).items()}

    def wait_for_query(self, condition):
        deadline = time.monotonic() + PATIENCE / 1000
        while not condition(self.query()):
            assert time.monotonic() < deadline, self.page.url
            self.page.wait_for_timeout(20)
        self.wait("networks in")

    def frame(self):
        """The corner of the diagram's frame on the screen, as it lies within its canvas."""
        return self.page.evaluate(
            """() => {
            const view = [...Bokeh.index.roots].flatMap((root) => [...root.owner.query((v) => v.model.type == "Figure")])[0];
            const box = view.canvas_view.el.getBoundingClientRect(), inner = view.frame.bbox;
            return [box.left + inner.left, box.top + inner.top, inner.width, inner.height];
        }"""
        )

    def field(self, title):
        return self.page.get_by_label(title, exact=True)

    def close(self):
        self.context.close()
