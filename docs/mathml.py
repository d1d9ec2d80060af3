"""A hook of MkDocs: formulas become MathML as the pages are built, so that a page needs no script and no network."""

import html
import re
from xml.etree import ElementTree

from latex2mathml import converter
from mkdocs.exceptions import PluginError

# As pymdownx.arithmatex leaves them, and the marks beside one, which must not begin or end a line without it.
MARKED = re.compile(r'(\(?)<(?P<tag>span|div) class="arithmatex">(?P<tex>.*?)</(?P=tag)>([).,;:]*)', re.DOTALL)


def mathml(tex, display):
    """MathML of a formula. ValueError where a command is not known: it would stand on the page as it is written."""
    made = converter.convert(tex, display="block" if display else "inline")
    text = "".join(ElementTree.fromstring(made).itertext())
    if "\\" in text or "&" in text:
        raise ValueError(f"not understood: {text}")
    return made


def on_page_content(content, page, **_):
    def typeset(match):
        before, tag, tex, after = match.groups()
        tex = html.unescape(tex).strip()
        try:
            return f'<{tag} class="formula">{before}{mathml(tex, tag == "div")}{after}</{tag}>'
        except Exception as error:
            raise PluginError(f"{page.file.src_uri}: the formula {tex!r}: {error}") from error

    return MARKED.sub(typeset, content)
