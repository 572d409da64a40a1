"""The description of the interface as a page to read; made here, with nothing from elsewhere."""

import html
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

STYLE = Path(__file__).with_name("documentation.css")
_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="stylesheet" href="/docs.css">
</head>
<body>
<main>
<h1>{title}</h1>
<p>{summary} <a href="/">The page</a>, <a href="/openapi.json">the same as OpenAPI</a>.</p>
<p>{description}</p>
{paths}
</main>
</body>
</html>
"""

# Of a field or parameter, as `dim_tf.page.refusals.in_http` marks it.
_NAME = re.compile(r"`(\w+)`")


def documentation(described: dict[str, Any]) -> str:
    """The page, as HTML.

    Args:
        described: from `dim_tf.page.openapi.description`.
    """
    paths = "\n".join(
        _operation(path, method, operation, described)
        for path, operations in described["paths"].items()
        for method, operation in operations.items()
    )
    told = {name: html.escape(described["info"][name]) for name in ("title", "summary")}
    return _PAGE.format(
        paths=paths, description=html.escape(described["info"]["description"]), **told
    )


def _operation(path: str, method: str, operation: dict[str, Any], described: dict[str, Any]) -> str:
    parts = [
        f"<section><h2><code>{method.upper()} {html.escape(path)}</code></h2>",
        f"<p>{html.escape(operation['summary'])}.</p>",
    ]
    body = operation.get("requestBody", {}).get("content", {}).get("multipart/form-data", {})
    if body:
        rows = [
            (name, _kind(field), field["description"])
            for name, field in body["schema"]["properties"].items()
        ]
        parts.append(_table("Fields of the form", ("field", "is", "meaning"), rows))
    parameters = [
        (parameter["name"], _kind(parameter["schema"]), parameter["description"])
        for parameter in operation.get("parameters", ())
    ]
    if parameters:
        parts.append(_table("Parameters", ("name", "is", "meaning"), parameters))
    answers = [
        (status, _answer_kind(answer, described), answer["description"])
        for status, answer in operation["responses"].items()
    ]
    parts.append(_table("Answers", ("status", "is", "meaning"), answers))
    return "\n".join([*parts, "</section>"])


def _kind(schema: dict[str, Any]) -> str:
    """What values are possible, in a few words."""
    if "anyOf" in schema:
        kind = " or ".join(map(_kind, schema["anyOf"]))
    elif "enum" in schema:
        kind = ", ".join(schema["enum"])
    elif schema.get("format") == "binary":
        kind = "file"
    elif schema.get("type") == "array":
        kind = "list, with commas"
    else:
        kind = {"string": "text", "integer": "whole number"}.get(schema["type"], schema["type"])
    return f"{kind} ({schema['default']})" if "default" in schema else kind


def _answer_kind(answer: dict[str, Any], described: dict[str, Any]) -> str:
    ((kind, content),) = answer["content"].items()
    name = content["schema"].get("$ref", "").rpartition("/")[2]
    if not name:
        return kind
    names = ", ".join(described["components"]["schemas"][name]["properties"])
    return f"JSON: {names}"


def _table(title: str, head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    def row(cells: tuple[str, ...]) -> str:
        first, *others = (_NAME.sub(r"<code>\1</code>", html.escape(cell)) for cell in cells)
        told = "".join(f"<td>{cell}</td>" for cell in others)
        return f'<tr><th scope="row"><code>{first}</code></th>{told}</tr>'

    heads = "".join(f'<th scope="col">{name}</th>' for name in head)
    lines = "\n".join(map(row, rows))
    return (
        f"<h3>{title}</h3>\n<table>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{lines}\n</tbody>\n"
        "</table>"
    )
