"""The sentences of the program's source, and which of them give advice."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "dim_tf"
# What a sentence has in the place of what is put into it.
WILDCARD = "{}"
# Calls whose texts are not told while something runs: help texts, the overview, and what report's
# page says.
_NOT_TOLD = ("option", "probability", "Arm", "_long", "Claim", "Row", "Word", "words")
# The same page in another language.
_TRANSLATIONS = "chinese.py"
_VERBS = (
    "add|ask|average|check|choose|convert|copy|crop|delete|download|exchange|fetch|give|install|"
    "leave|let|make|measure|multiply|name|paint|put|remove|rename|repair|repeat|replace|run|save|"
    "say|train|try|use|validate|wait|write"
)
# Where a part of a sentence begins with a verb that tells to do something; where a flag is named
# that the sentence does not begin with; and whatever stands behind a semicolon, which is where most
# sentences say what to do.
_ADVICE = re.compile(
    rf"(^|[;:,.(] | or | and | so )(do not )?({_VERBS})\b|(?<!^)--\w|; (?!{{}}|$)|\bneeds?\b"
    "|same command",
    re.IGNORECASE,
)


def all_sentences() -> dict[str, str]:
    """Every text of three words or more that is told somewhere: template → file and line."""
    return {
        template: f"dim_tf/{file.relative_to(SOURCE)}:{line}"
        for file in sorted(SOURCE.rglob("*.py"))
        if file.name != _TRANSLATIONS
        for template, line in _texts(ast.parse(file.read_text(encoding="utf-8")))
        if len(template.split()) > 2
    }


def texts_of(file: Path) -> set[str]:
    """Every text in a Python file, docstrings and f-strings' values aside."""
    return {text for text, _ in _texts(ast.parse(file.read_text(encoding="utf-8")))}


def gives_advice(template: str) -> bool:
    """Whether a sentence seems to say what to do; rather too often than too seldom."""
    return bool(_ADVICE.search(template))


def pattern_of(template: str) -> re.Pattern:
    """What the sentences made of a template, or of a piece of one, look like."""
    return re.compile(".*".join(map(re.escape, template.split(WILDCARD))), re.DOTALL)


def _texts(node: ast.AST) -> Iterator[tuple[str, int]]:
    """The texts below a node and their lines; an f-string is one text."""
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") in _NOT_TOLD:
        return
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):  # a docstring
        return
    if isinstance(node, ast.JoinedStr):
        texts = [getattr(part, "value", "") for part in node.values]
        yield "".join(text if isinstance(text, str) else WILDCARD for text in texts), node.lineno
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                yield from _texts(part.value)
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield re.sub(r"%[sd]", WILDCARD, node.value), node.lineno
    for child in ast.iter_child_nodes(node):
        yield from _texts(child)
