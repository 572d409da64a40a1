"""Why a request gets no picture: the reasons, their status, and sentences in the page's words."""

import re
from typing import NamedTuple

from dim_tf.config import MattingConfig, ServingConfig, WritingConfig, values_of
from dim_tf.config.rewording import PLAIN_NAMES, reworded
from dim_tf.system.errors import printable


class Reason(NamedTuple):
    """A reason that a program can tell from others.

    Attributes:
        status: of the answer.
        means: what it means, for the description of the interface.
        what_to_do: where a sentence about it does not say it.
        passes: whether the same request is worth sending again in a few seconds.
    """

    status: int
    means: str
    what_to_do: str = "Look at /docs."
    passes: bool = False


# The code in an answer → what it is.
REASONS = {
    "malformed_form": Reason(400, "the form is not multipart as RFC 7578 has it, or ends early"),
    "unknown_field": Reason(400, "a field of the form that is not known"),
    "duplicate_field": Reason(400, "a field that is given twice"),
    "wrong_field": Reason(400, "a file where text is wanted, or the other way round"),
    "missing_field": Reason(
        400, "a field that is missing, or several that say where the object is"
    ),
    "unknown_option": Reason(400, "a query parameter that is not known, or given twice"),
    "bad_option": Reason(400, "a value of a query parameter that is not possible"),
    "request_in_use": Reason(400, "the request's id belongs to one that is not answered yet"),
    "upload_too_slow": Reason(400, "the upload stalled or took too long"),
    "foreign_host": Reason(400, "the header Host names another computer"),
    "foreign_origin": Reason(403, "another site's page asked"),
    "not_found": Reason(404, "there is nothing at this address"),
    "method_not_allowed": Reason(405, "the address does not take this method"),
    "too_many_bytes": Reason(413, "the upload is larger than the limit"),
    "too_many_pixels": Reason(413, "a picture has more pixels than the limit"),
    "not_multipart": Reason(415, "the request is no multipart form"),
    "unread_kind": Reason(
        415,
        "a file is no picture, or of a kind that is not read",
        "Give a picture of such a kind.",
    ),
    "unusable": Reason(
        422, "a picture cannot be used as what it was given for", "Give another picture."
    ),
    "queue_full": Reason(429, "as many requests as may wait are waiting", passes=True),
    "internal_error": Reason(500, "a mistake in the program"),
    "stopping": Reason(503, "the page is being ended", passes=True),
    "stopped": Reason(503, "the work was stopped because nobody waits for it any more"),
    "too_long": Reason(503, "the work took longer than allowed"),
    "worker_died": Reason(503, "the process that computes died", passes=True),
    "out_of_memory": Reason(503, "there was not enough memory"),
    "model_failed": Reason(503, "the network cannot be loaded"),
}
# After so many it is worth asking again where the reason passes.
RETRY_AFTER_SECONDS = 5

# Settings that only who starts the page has.
_OF_THE_SERVER = (
    values_of(MattingConfig()).keys() | values_of(ServingConfig()).keys()
) - values_of(WritingConfig()).keys()
_SAID_OTHERWISE = {"dim-tf matte can raise the limit": "to raise the limit"}
# Where a sentence is cut: not within brackets. The page cuts there, too (`static/translating.js`).
BETWEEN = re.compile(r"; (?![^(]*\))")


class Refusal(Exception):
    """A request that gets no picture.

    Attributes:
        code: one of `REASONS`.
        error: what is wrong, a sentence.
        what_to_do: likewise.
    """

    def __init__(self, code: str, sentence: str) -> None:
        """Args: the reason; a sentence as an `InputError` has it: what is wrong; what to do."""
        super().__init__(sentence)
        self.code = code
        self.error, self.what_to_do = error_and_advice(in_http(sentence))
        self.what_to_do = self.what_to_do or REASONS[code].what_to_do

    @property
    def status(self) -> int:
        """Of the answer."""
        return REASONS[self.code].status


def refusal_of(code: str, sentence: str) -> Refusal:
    """What the work on a request ended with, for whoever asked.

    Args:
        code: one of `REASONS`.
        sentence: what the work said; for most reasons there is a better one here.
    """
    said = {
        "stopped": "Nobody waits for this any more; ask again.",
        "too_long": "This took longer than the page allows; give a smaller photo, or ask again.",
        "stopping": "The page is being ended; start it again with dim-tf page.",
        "worker_died": "The process that computes died, perhaps for lack of memory; give a smaller "
        "photo, or try again.",
        "out_of_memory": "There is not enough memory for this; give a smaller photo.",
        "internal_error": "This is a mistake in the program; report it with what it printed.",
        "model_failed": f"The network cannot be loaded ({sentence.rstrip('.')}); start the page "
        "again with other weights.",
    }
    return Refusal(code, said.get(code, sentence))


def error_and_advice(sentence: str) -> tuple[str, str]:
    """Cuts "this is wrong; do that." in two sentences; the second is "" where there is none."""
    wrong, *advice = BETWEEN.split(sentence, maxsplit=1)
    if not advice:
        return _capital(sentence), ""
    return _capital(wrong) + ".", _capital(*advice)


def in_http(sentence: str) -> str:
    """A sentence or note of the command with fields and query parameters instead of flags.

    A name that stands alone is marked, so that it is no word of the sentence: the page puts its own
    words there (`static/wording.js`).
    """
    for of_command, of_page in _SAID_OTHERWISE.items():
        sentence = sentence.replace(of_command, of_page)
    return _capital(printable(reworded(sentence, _in_request)))


def _in_request(name: str, value: str | None) -> str:
    if name in _OF_THE_SERVER:
        return f"dim-tf page --{name}" if value is None else f"dim-tf page --{name}={value}"
    named = PLAIN_NAMES.get(name, name)
    return f"`{named}`" if value is None else f"{named}={value}"


def _capital(sentence: str) -> str:
    """A sentence with a capital, but where a name of the interface begins it."""
    is_name = re.match(r"[a-z]+[_=]|dim-tf ", sentence)
    return sentence if is_name else sentence[:1].upper() + sentence[1:]
