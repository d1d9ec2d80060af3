"""The built pages, read as a reader's browser has them: code is code, headings are headings, formulas are mathematics."""

import importlib.util
import inspect
import re
import subprocess
import sys
from html.parser import HTMLParser
from types import SimpleNamespace
from xml.etree import ElementTree

import markdown
import pytest
from markdown_it import MarkdownIt
from mkdocs.config import load_config
from mkdocs.exceptions import PluginError

import fastdln
from fastdln.observables import tables
from fastdln.plots import PLOTS
from tests.small import ROOT

FOUND = sorted(str(p.relative_to(ROOT / "docs")) for p in (ROOT / "docs").rglob("*.md"))
REFERENCE = [page for page in FOUND if page.startswith("api/")]  # made of docstrings as they are built
PAGES = [page for page in FOUND if page not in REFERENCE]
WRITTEN = [*sorted(p.name for p in ROOT.glob("*.md")), *(f"docs/{page}" for page in FOUND)]

FENCE = re.compile(r"^ *```(.*)\n((?:.*\n)*?) *```$", re.MULTILINE)
FORMULA = re.compile(r"\$\$(.+?)\$\$|(?<![\\$])\$(.+?)\$", re.DOTALL)


def source(page):
    """(text without code, its blocks of code, its formulas) of a page as it is written."""
    text = re.sub(r"<!--.*?-->", "", (ROOT / page).read_text(), flags=re.DOTALL)
    blocks = [block for _, block in FENCE.findall(text)]
    text = re.sub(r"`[^`]*`", "", FENCE.sub("", text))
    formulas = [shown or within for shown, within in FORMULA.findall(text)]
    return FORMULA.sub("", text), blocks, formulas


class Reader(HTMLParser):
    """What stands on a page, sorted by where it stands."""

    ROOMS = ("pre", "code", "math", "em", "strong", "h1", "h2", "h3", "h4")
    SILENT = ("script", "style", "button", "a.headerlink")

    def __init__(self, html):
        super().__init__()
        self.within, self.found, self.text = [], {room: [] for room in self.ROOMS}, ""
        begin, end = html.index("<article"), html.index("</article>")
        self.feed(html[begin:end])

    def handle_starttag(self, tag, attrs):
        tag = "a.headerlink" if ("class", "headerlink") in attrs else tag
        if tag in self.ROOMS or tag in self.SILENT or tag == "a":
            self.within.append(tag)
        if tag in self.ROOMS:
            self.found[tag].append("")

    def handle_endtag(self, tag):
        if self.within and self.within[-1].partition(".")[0] == tag:
            self.within.pop()

    def handle_data(self, data):
        if set(self.SILENT) & set(self.within):
            return
        for room in set(self.within) & set(self.ROOMS):
            self.found[room][-1] += data
        if not {"pre", "code", "math"} & set(self.within):
            self.text += data


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


def built(site, page):
    return (site / page).with_suffix(".html").read_text()


def test_the_pages_open_offline(site):
    pages = list(site.rglob("*.html"))
    assert len(pages) > len(PAGES)
    for page in pages:
        text = page.read_text()
        loads = re.findall(r'<(?:link[^>]*rel="stylesheet"[^>]*href|script[^>]*src|img[^>]*src)="([^"]+)', text)
        assert not [address for address in loads if "//" in address], "the pages open offline"
        if page.name == "404.html":  # is served from anywhere, and so names its site
            continue
        for link in re.findall(r'(?:href|src)="([^"#]+)', text):
            if not link.startswith(("https://", "data:", "mailto:")):
                assert (page.parent / link.partition("?")[0]).is_file(), f"{page.name}: {link} opens no file"
    assert not list(site.rglob("*.py*"))


@pytest.mark.parametrize("page", PAGES)
def test_code_is_code_and_headings_are_headings(site, page):
    _, blocks, _ = source(f"docs/{page}")
    read = Reader(built(site, page))
    assert [block.strip() for block in read.found["pre"]] == [block.strip() for block in blocks]
    headings = re.findall(r"^#+ (.*)$", FENCE.sub("", (ROOT / "docs" / page).read_text()), re.MULTILINE)
    on_page = [heading for level in ("h1", "h2", "h3", "h4") for heading in read.found[level]]
    assert sorted(on_page) == sorted(re.sub(r"[*`]", "", heading) for heading in headings)


@pytest.mark.parametrize("page", PAGES)
def test_no_mark_is_left_and_none_is_eaten(site, page):
    text, _, _ = source(f"docs/{page}")
    read = Reader(built(site, page))
    assert not re.findall(r".*[`$\\].*", read.text)
    prose = re.sub(r"\]\([^)]*\)|<https?:[^>]*>", "", text)
    assert read.text.count("_") == prose.count("_"), "underscores are never emphasis here"
    for words in read.found["em"] + read.found["strong"]:
        assert re.fullmatch(r"\(?[A-Za-z][^=^_*]*", words), f"{words!r} was a formula"


@pytest.mark.parametrize("page", PAGES)
def test_every_formula_is_mathematics(site, page):
    _, _, formulas = source(f"docs/{page}")
    assert not [tex for tex in formulas if "\n\n" in tex]
    made = re.findall(r"<math.*?</math>", built(site, page), re.DOTALL)
    assert len(made) == len(formulas)
    for tex, formula in zip(formulas, made, strict=True):
        text = "".join(ElementTree.fromstring(formula).itertext())
        assert not re.search(r"[\\$&{}_^]", text), tex
        assert re.findall(r"\d", text) == re.findall(r"\d", tex), tex


def line(element):
    """MathML on one line, as one would type it."""
    parts = [line(child) for child in element]
    match element.tag.rpartition("}")[2]:
        case "mi" | "mn" | "mo" | "mtext":
            return (element.text or "").replace("\xa0", " ")
        case "mspace":
            return " "
        case "msub" | "munder":
            return f"{parts[0]}_({parts[1]})"
        case "msup":
            return f"{parts[0]}′" if parts[1] == "′" else f"{parts[0]}^({parts[1]})"
        case "msubsup" | "munderover":
            return f"{parts[0]}_({parts[1]})^({parts[2]})"
        case "mfrac":
            return f"[{parts[0]} / {parts[1]}]"
        case "msqrt":
            return f"√({parts[0]})"
        case "math" | "mrow" | "mstyle":
            return "".join(parts)
        case other:
            return f"{other}({' ; '.join(parts)})"


FORMULAS = [
    "U_(L)=U^(*)",
    "V_(1)=V^(*)",
    "S_(i)=Ls_(i)^(2−2/L)",
    "f=[1 / 2]‖W_(L)⋯W_(1)−M‖_(F)^(2)",
    "grad_(l)=A_(l)^(⊤)EB_(l)^(⊤), W_(l)←W_(l)−η grad_(l) (all layers at once, fixed η).",
    "w_(l)←w_(l)−η(π−s)∏_(m≠l)w_(m)",
    "e=ba^(L−1)−s, a′=a−ηeba^(L−2), b′=b−ηea^(L−1), start (α,0).",
    "ρ′=ρ−η(ρ^(L)−s)ρ^(L−1)",
    "(HV)_(l)=dA_(l)^(⊤)EB_(l)^(⊤)+A_(l)^(⊤)dEB_(l)^(⊤)+A_(l)^(⊤)EdB_(l)^(⊤).",
    "λ_(ij)=∑_(l=1)^(L)s_(i)^(2(L−l)/L)s_(j)^(2(l−1)/L), λ_(ii)=S_(i).",
    "ρ^(L)[1+z^(2L−1) / 1+z^(L−1)]=s,",
    "0<α<([ln(2√(2)/(ηS_(i)))s_(i)^(4/L) / L^(2)2^((2L−3)/L)])^(1/4)",
    "W_(l+1)^(⊤)W_(l+1)−W_(l)W_(l)^(⊤)",
    "|π|>max(10s,(10^(6)/η)^(L/(2L−2)))",
]


def test_the_theorys_formulas_say_what_they_say(site):
    lines = [
        line(ElementTree.fromstring(formula))
        for formula in re.findall(r"<math.*?</math>", built(site, "theory.md"), re.DOTALL)
    ]
    lines = [re.sub(r" +", " ", text) for text in lines]
    assert not [formula for formula in FORMULAS if formula not in lines], "\n".join(lines)


def test_what_the_code_says_of_variables_stands_on_the_page_as_it_is(site):
    text = " ".join(Reader(built(site, "dataset.md")).text.split())
    for observable in (o for known in tables() for o in known.values()):
        for variable in observable.variables:
            assert " ".join(re.sub(r"`[^`]*`", "", variable.comment).split()) in text, variable.name


@pytest.mark.parametrize("page", WRITTEN)
def test_every_fence_is_a_block_of_code(page):
    """To the site's Markdown, which knows one word after the backticks, and to a git host's."""
    text = (ROOT / page).read_text()
    fences = len(re.findall(r"^\s*(?:```|~~~)", text, re.MULTILINE)) / 2
    blocks = [token for token in MarkdownIt().parse(text) if token.type == "fence"]
    assert len(blocks) == fences
    assert not [block.info for block in blocks if not re.fullmatch(r"\w+", block.info)]
    config = load_config(str(ROOT / "mkdocs.yml"))
    extensions = {"extensions": config.markdown_extensions, "extension_configs": config.mdx_configs}
    assert markdown.markdown(text, **extensions).count("<pre>") == fences


def hook():
    spec = importlib.util.spec_from_file_location("mathml", ROOT / "docs" / "mathml.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("tex", [r"\unheard x", r"\begin{aligned} a &= b \end{aligned}", r"\frac{1}{"])
def test_a_formula_that_cannot_be_typeset_ends_the_build(tex):
    page = SimpleNamespace(file=SimpleNamespace(src_uri="theory.md"))
    content = f'<p><span class="arithmatex">{tex}</span></p>'
    with pytest.raises(PluginError, match=r"theory\.md: the formula"):
        hook().on_page_content(content, page=page)


def test_every_public_name_is_in_the_reference(site):
    anchors = {anchor for page in REFERENCE for anchor in re.findall(r' id="(fastdln[\w.]*)"', built(site, page))}
    modules = ("analysis", "plots", "theory")
    public = [f"fastdln.{name}" for name in fastdln.__all__ if name not in (*modules, "__version__")]
    public += [f"fastdln.theory.{name}" for name in fastdln.theory.__all__]
    public += [f"fastdln.analysis.{name}" for name in fastdln.analysis.__all__]
    public += [f"{plot.draw.__module__}.{plot.name}" for plot in PLOTS.values()]
    # errors are found under the module that has them
    named = {f"{name.replace('.errors.', '.')}" for name in anchors}
    assert not set(public) - named


@pytest.mark.parametrize(
    "module", [fastdln.theory, fastdln.analysis, fastdln.errors], ids=lambda module: module.__name__
)
def test_the_reference_says_what_the_docstrings_say(site, module):
    text = " ".join(" ".join(Reader(built(site, page)).text for page in REFERENCE).split())
    public = getattr(module, "__all__", [name for name in fastdln.__all__ if name.endswith("Error")])
    for item in [module, *(getattr(module, name) for name in public)]:
        first = re.split(r"[`*_(]|docs/|\n\n", inspect.getdoc(item))[0]
        assert " ".join(first.split()) in text, item


def test_the_reference_links_to_the_pages_that_docstrings_cite(site):
    pages = [built(site, page) for page in REFERENCE]
    assert any('href="../theory.html"' in text for text in pages)
    assert not [cited for text in pages for cited in re.findall(r"docs/\w+\.md", text)]


def test_guides_link_to_the_reference(site):
    linked = {
        anchor
        for page in PAGES
        for anchor in re.findall(r'href="[./]*api/\w+\.html#(fastdln[\w.]*)', built(site, page))
    }
    assert {"fastdln.run", "fastdln.Sweep", "fastdln.open", "fastdln.register", "fastdln.theory.two_cycle"} <= linked


def test_the_notebook_is_a_page_with_its_outputs(site):
    text = built(site, "first_look.html")
    assert len(re.findall(r'<img[^>]* src="first_look_files/[^"]*\.png"', text)) == len(
        list((site / "first_look_files").glob("*.png"))
    )
    assert "fastdln.plan" in Reader(text).text + " ".join(Reader(text).found["code"])
    assert "<table><caption>" in text, "outputs are tables, not their source"
    assert 'href="first_look.html"' in built(site, "index.html"), "links to the notebook lead to its page"


def test_the_changelog_is_a_page(site):
    headings = re.findall(r"^#+ (.*)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    found = Reader(built(site, "changelog.html")).found
    assert found["h1"] + found["h2"] == headings


def test_no_formula_is_left_as_it_was_typed(site):
    assert not [page.name for page in site.rglob("*.html") if 'class="arithmatex"' in page.read_text()]
