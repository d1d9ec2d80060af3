"""Whom the server of the page answers, and what: any address, its own origin, loopback alone."""

import http.client
import json
import urllib.error
import urllib.request
from urllib.parse import urlparse

import numpy as np
import pytest

import fastdln
from fastdln import SweepError
from tests.explorer.browser import SOCKETS

pytest.importorskip("bokeh")

pytestmark = SOCKETS


def test_every_address_is_answered(served, caplog):
    for words, status in {
        "x0=1.41&x1=1.4100000000001&y0=0.8&y1=0.8000000001": 200,
        "steps=100000000000": 200,
        "px=1": 200,
        "bokeh-session-id=": 400,
        "bokeh-token=x": 400,
    }.items():
        try:
            found = urllib.request.urlopen(f"{served.url}?{words}", timeout=30).status
        except urllib.error.HTTPError as error:
            found = error.code
        assert found == status, words


def test_another_name_of_this_machine_leads_to_localhost(tab, served):
    page = tab("", url=served.url.replace("localhost", "127.0.0.1"))
    assert page.page.get_by_role("link").get_attribute("href") == served.url


def test_it_answers_its_own_origin_alone(served):
    port = urlparse(served.url).port
    assert urllib.request.urlopen(served.url, timeout=30).status == 200
    page = request(port, {"Host": f"evil.example:{port}"})
    assert "singular values" not in page
    key = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAA"}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/ws", headers={**key, "Origin": "http://evil.example"})
    assert connection.getresponse().status == 403
    connection.close()


def request(port, headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/", headers=headers)
    text = connection.getresponse().read().decode()
    connection.close()
    return text


def test_it_listens_on_loopback_alone(served):
    import psutil

    port = urlparse(served.url).port
    mine = [
        one for one in psutil.Process().net_connections("inet") if one.status == "LISTEN" and one.laddr.port == port
    ]
    assert {one.laddr.ip for one in mine} == {"127.0.0.1"}


def test_a_notebook_shows_it_in_a_frame(served):
    assert f'<iframe src="{served.url}"' in served._repr_html_()
    assert repr(served) == f"Exploration at {served.url}"


@pytest.mark.parametrize("port", [-1, 70_000, 1.5, True, "80"])
def test_ports_that_are_none(port):
    with pytest.raises(SweepError, match="port: must be a whole number from 0 to 65535"):
        fastdln.explore(port=port)


def test_a_port_that_is_taken_is_one_line(served):
    with pytest.raises(SweepError, match=r"port: \d+ cannot be used: .*; leave it out for a free one"):
        fastdln.explore(port=urlparse(served.url).port)


def test_500_addresses_give_a_page(served):
    """Whatever its words, an address is answered by the page, which says what is wrong with them."""
    rng = np.random.default_rng(0)
    names = ["x0", "x1", "width", "variable", "steps", "start", "singular_values", "at.seed", "mode", "%00", "<b>"]
    values = ["", "nan", "1e309", "-1", "loss", "../..", "%ff%fe", "%3Cscript%3E", "9" * 500, "1,2,", "%E2%98%83"]
    port = urlparse(served.url).port
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for _ in range(500):
        words = "&".join(f"{rng.choice(names)}={rng.choice(values)}" for _ in range(rng.integers(1, 4)))
        connection.request("GET", f"/?{words}", headers={"Host": f"localhost:{port}"})
        answer = connection.getresponse()
        text = answer.read().decode()
        assert answer.status == 200 or "pages are open" in text, words
        assert "Traceback" not in text
    connection.close()
    assert json.dumps(words)
