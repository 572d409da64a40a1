"""From the form and the query of a request to what is to be done."""

from typing import NamedTuple

from dim_tf.config import ReadingConfig, config_from_values
from dim_tf.config.rewording import PLAIN_NAMES
from dim_tf.matting.cutout import parse_colour
from dim_tf.page.options import Wanted
from dim_tf.page.refusals import Refusal
from dim_tf.page.uploads import Fields, Form
from dim_tf.page.work import Job, PhotoWanted, ResultWanted
from dim_tf.system.errors import InputError
from dim_tf.trimaps.grabcut import parse_rectangle
from dim_tf.trimaps.on_photo import what_is_given


class Field(NamedTuple):
    """A field of the form, for the description of the interface."""

    is_file: bool
    is_text: bool
    help: str


_PHOTO = Field(True, False, "the photo, a file of any kind that the command reads")
PHOTO_FORM = {"photo": _PHOTO}
MATTE_FORM = {
    "photo": _PHOTO,
    "mask": Field(True, False, "rough object, white on black, or a rough matte"),
    "trimap": Field(True, False, "instead of a mask: 0 background, 128 unknown, 255 foreground"),
    "rectangle": Field(
        False,
        True,
        "instead of both: x,y,width,height of a rectangle around the object, pixels, or auto",
    ),
    "background": Field(
        True, True, "with output=composite: a picture as a file, or a colour as CSS writes it"
    ),
}
# Of these one says where the object is: the field → the setting that it is.
SAYS_WHERE = {PLAIN_NAMES.get(flag, flag): flag for flag in ("alpha", "trimap", "rect")}


def fields_of(form: dict[str, Field]) -> Fields:
    """The names of a form's fields."""
    return Fields(
        frozenset(name for name, field in form.items() if field.is_file),
        frozenset(name for name, field in form.items() if field.is_text),
    )


def photo_wanted(form: Form, wanted: Wanted) -> Job:
    """The photo as it is seen.

    Raises:
        Refusal: there is none.
    """
    return PhotoWanted(_photo(form))


def result_wanted(form: Form, wanted: Wanted) -> Job:
    """A matte, or what is made of one.

    Raises:
        Refusal: a field is missing or one too many, or what it says is not possible.
    """
    photo = _photo(form)
    given = [name for name in SAYS_WHERE if name in form.files or name in form.texts]
    if len(given) != 1:
        raise Refusal(
            "missing_field",
            f"Of mask, trimap and rectangle {len(given) or 'none'} are given; give one of them.",
        )
    (where,) = given
    text = form.texts.get(where, where)
    try:
        if where == "rectangle":
            parse_rectangle(text)
        reading = config_from_values(
            ReadingConfig, wanted.reading | {"rgb": "photo", SAYS_WHERE[where]: text}
        )
        what_is_given(reading)
    except InputError as error:
        raise Refusal("bad_option", str(error)) from None
    return ResultWanted(
        photo=photo,
        beside=form.files.get(where),
        background=_background(form, wanted),
        reading=reading,
        output=wanted.answer.output,
        bits=wanted.bits,
    )


def _photo(form: Form) -> bytes:
    if "photo" not in form.files:
        raise Refusal("missing_field", "The field photo is missing; send the photo as a file.")
    return form.files["photo"]


def _background(form: Form, wanted: Wanted) -> bytes | tuple[int, int, int] | None:
    is_given = "background" in form.files or "background" in form.texts
    if is_given != (wanted.answer.output == "composite"):
        raise Refusal(
            "missing_field",
            "The field background belongs to output=composite; give both, or neither of them.",
        )
    if "background" not in form.texts:
        return form.files.get("background")
    text = form.texts["background"]
    try:
        return parse_colour(text)
    except ValueError:
        raise Refusal(
            "bad_option",
            f"background={text[:100]!a} is no colour; give one such as white or #20a050, or a "
            "picture as a file.",
        ) from None
