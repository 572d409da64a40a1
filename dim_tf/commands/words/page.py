"""The page: a photo in the browser, a brush or a mask, and its matte.

    dim-tf page

opens http://127.0.0.1:8000. Without opening a browser, and at another port:

    dim-tf page --port=8080 --nobrowser

Nobody but this machine can reach it, and nothing is written to disk. Programs can use it too: /docs
says how. docs/page_http.md tells what to do before others may reach it. Ctrl-C ends it.
"""

import importlib.metadata
import importlib.util

from packaging.requirements import Requirement

from dim_tf.commands.script import Command
from dim_tf.config import PageConfig
from dim_tf.system.errors import InputError


def show_page(config: PageConfig) -> None:
    """Serves the page until Ctrl-C or SIGTERM.

    Raises:
        InputError: packages or weights are missing, or nothing can listen there.
    """
    if _lacks_packages():
        raise InputError(
            "The page needs starlette, uvicorn and python-multipart, none of them too old; install "
            "them with pip install -U starlette uvicorn python-multipart."
        )
    from dim_tf.matting.predict import check_model
    from dim_tf.page.serving import serve

    check_model(config.matting)  # told at once, not when it is loaded
    serve(config.serving, config.matting)


def _lacks_packages() -> bool:
    """Whether a package of the page is missing, or older than the extra `page` asks for.

    Programs that are installed beside this one bring old ones along.
    """
    try:
        asked = [Requirement(text) for text in importlib.metadata.requires("dim_tf") or ()]
        return any(
            not one.specifier.contains(importlib.metadata.version(one.name), prereleases=True)
            for one in asked
            if one.marker and one.marker.evaluate({"extra": "page"})
        )
    except importlib.metadata.PackageNotFoundError:  # one of the page's, or this one in a checkout
        names = ("starlette", "uvicorn", "python_multipart")
        return any(importlib.util.find_spec(name) is None for name in names)


COMMAND = Command(PageConfig, show_page)
