"""A hook of MkDocs: pages that are no Markdown files of this folder, namely the notebook with its outputs and the changelog.

On the API pages, which are made of docstrings, it also turns names of pages, such as docs/theory.md, into links.
"""

import logging
import re
from pathlib import Path, PurePosixPath

import nbformat
from mkdocs.structure.files import File
from nbconvert import MarkdownExporter

ROOT = Path(__file__).parent.parent


def no_list_of_pictures(record):
    """Leave out one warning: the pictures' names in `fastdln.plots.__all__` are collected from its files as it is imported."""
    return "Unsupported item in fastdln.plots.__all__" not in record.getMessage()


logging.getLogger("mkdocs.plugins.griffe").addFilter(no_list_of_pictures)


class NotebookFile(File):
    """A page that keeps the notebook's name as its source, so that links to the notebook lead to the page."""

    def is_documentation_page(self):
        return True


def notebook_pages(file, config):
    """The page of a notebook, and the pictures on it."""
    notebook = nbformat.read(file.abs_src_path, as_version=4)
    pictures = {"output_files_dir": f"{file.name}_files"}
    content, resources = MarkdownExporter().from_notebook_node(notebook, {**pictures, "unique_key": file.name})
    content = re.sub(r"!\[(?:png|svg)\]", "![Output of the cell above]", content)
    yield NotebookFile.generated(config, file.src_uri, content=content)
    for name, data in resources["outputs"].items():
        yield File.generated(config, (PurePosixPath(file.src_uri).parent / name).as_posix(), content=data)


def on_files(files, config):
    for file in [file for file in files if file.src_uri.endswith(".ipynb")]:
        files.remove(file)
        for page in notebook_pages(file, config):
            files.append(page)
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").replace("](docs/", "](")
    files.append(File.generated(config, "changelog.md", content=changelog))
    return files


def on_page_content(content, page, files, **_):
    """Links from docstrings to the pages that they cite."""
    if not page.file.src_uri.startswith("api/"):
        return content

    def link(match):
        target = files.get_file_from_path(match[1])
        return f'<a href="{target.url_relative_to(page.file)}">{target.name}</a>' if target else match[0]

    return re.sub(r"docs/([\w/]+\.md)", link, content)
