"""The role mask: roughly where the object is."""

import os
from collections.abc import Iterable

import numpy as np

from dim_tf.config import (
    BACKGROUND,
    FOREGROUND,
    MAX_INPUT_MEGAPIXELS,
    UNKNOWN,
    ReadingConfig,
    config_from_values,
)
from dim_tf.pictures.classes import Classes, is_made_of
from dim_tf.pictures.finding_classes import all_classes
from dim_tf.pictures.levels import CONVERSION_ERROR, to_8_bits
from dim_tf.pictures.matte import grey_of
from dim_tf.pictures.photo import (
    MOST_COLOUR,
    has_one_hue,
    is_colour_photo,
    is_cut_out,
    is_nearly_black_and_white,
    looks_like_mask,
    looks_like_photo,
    over,
    share_of_colour,
)
from dim_tf.pictures.picture import Picture, read_in_role
from dim_tf.pictures.shades import (
    FARTHEST_PLATEAU,
    Invert,
    known_invert,
    repair_mask,
    turn_over,
)
from dim_tf.system.errors import InputError, Teller, tell

# Names of classes.
LabelLike = int | str | Iterable[int | str]


def read_mask(
    path: str | os.PathLike,
    *,
    label: LabelLike = (),
    invert: Invert = "auto",
    max_megapixels: float = MAX_INPUT_MEGAPIXELS,
    told: Teller = tell,
) -> np.ndarray:
    """Reads a mask: two-valued or soft, of any depth, colour or opacity, or of numbered classes.

    Args:
        path: see `dim_tf.pictures.picture.read_picture`.
        label: which classes are the object, where there are several, such as 1, "1,3" or
            ["c08080"], a colour.
        invert: whether the object is black; "auto" where the mask is white all along its border.
        max_megapixels: a larger one is refused unread.
        told: gets what was repaired or assumed.

    Returns:
        [H, W] uint8: 0 background, 255 object, between them soft, 128 where it leaves it open.

    Raises:
        InputError: the file is missing, unreadable or no picture; a photo in colours; of one
            value only; or of several classes without a choice; or another word for `invert`.
    """
    names = label_names(label)
    config_from_values(ReadingConfig, {"invert": invert})  # refuses the impossible
    return read_in_role(path, max_megapixels, lambda file: mask_of(file, names, invert), told)


def label_names(label: LabelLike) -> tuple[str, ...]:
    """As --label has them: names of classes, of which a text may hold several."""
    if isinstance(label, str):
        label = label.split(",") if label else ()
    names = map(str, label) if isinstance(label, Iterable) else (str(label),)
    return tuple(name.strip() for name in names)


def mask_of(
    picture: Picture, label: tuple[str, ...] = (), invert: Invert = "auto"
) -> tuple[np.ndarray, list[str]]:
    """A picture as a mask, and what to tell of it.

    Args:
        picture: from `read_picture`.
        label: the classes that are the object, such as ("1", "3") or ("c08080",).
        invert: see `read_mask`.

    Returns:
        [H, W] uint8, see `read_mask`, and the notes.

    Raises:
        InputError: see `read_mask`.
    """
    classes = None if picture.has_shades else all_classes(picture)
    if is_colour_photo(picture) and not (label and classes):  # which may have many colours
        raise InputError(
            f"{picture.path} is a photo in colours, not a mask; a mask is white on the object and "
            "black on the background."
        )
    invert = known_invert(picture, invert)
    several = classes is not None and len(classes.names) > 1
    if several and (label or is_made_of(picture, classes)):
        mask, note = mask_of_classes(classes, label, str(picture.path))
        mask, _ = turn_over(mask, "no" if invert == "auto" else invert)
        return mask, [note]
    if label and classes is None:
        raise no_labels(str(picture.path))
    values, notes = _channel(picture, classes)
    values, repairs = repair_mask(
        values, str(picture.path), picture.lossy, invert, picture.has_shades, picture.is_own
    )
    notes += unlike_a_mask(picture, values)
    present = np.unique(values)
    if _are_of_a_trimap(present.tolist()):
        repairs.append(
            "its values are those of a trimap; give it with --trimap to have it used as it is"
        )
    return values, notes + repairs


def unlike_a_mask(picture: Picture, values: np.ndarray) -> list[str]:
    """What to say of a mask that may be a photo in greys; a soft one can look like that as well.

    Args:
        picture: as it was given.
        values: [H, W] uint8, the mask in it.
    """
    if not looks_like_photo(picture) or is_nearly_black_and_white(values):
        return []
    return [
        "it looks like a photo, not like a mask; a mask is white on the object and black on the "
        "background"
    ]


def _are_of_a_trimap(present: list[int]) -> bool:
    """Whether the values of a mask are black, one halfway, and one brighter."""
    if len(present) != 3 or present[0] > FARTHEST_PLATEAU:
        return False
    return abs(present[1] - (present[0] + present[2]) / 2) <= CONVERSION_ERROR


def no_labels(source: str) -> InputError:
    """What to say where a label is chosen and there are none; `source` names the mask."""
    return InputError(
        f"{source} has no labels that could be chosen among: it is made of shades; leave --label "
        "out."
    )


def _channel(picture: Picture, classes: Classes | None) -> tuple[np.ndarray, list[str]]:
    """[H, W] uint8: where in a picture, which has these classes, the mask is, and what to say.

    Raises:
        InputError: it is not in its opacity, and there are several colours.
    """
    if is_cut_out(picture):
        grey, notes = grey_of(picture)
        opacity = to_8_bits(picture.opacity)
        # Painted black, grey and white with some of it see-through, or a cut-out, or a drawing in
        # one colour.
        if looks_like_mask(picture):
            return over(grey, opacity, 0), [*notes, "its transparent pixels are taken as black"]
        return opacity, ["its transparency is taken as the mask"]
    if share_of_colour(picture) > MOST_COLOUR:
        shades = to_8_bits(picture.pixels).max(axis=2)
        if not has_one_hue(picture):
            raise InputError(
                f"{picture.path} is a picture in colours that cannot be told apart as labels; save "
                "the mask as PNG, white on the object and black on the background."
            )
        return shades, []
    has_two = classes is not None and len(classes.names) == 2
    if has_two and classes.values != (BACKGROUND, FOREGROUND):
        # Told by the file's own numbers, which may have 16 bits.
        return classes.number * np.uint8(FOREGROUND), [
            f"its values {classes.names[0]} and {classes.names[1]} are taken as 0 and 255"
        ]
    return grey_of(picture)


def mask_of_classes(
    classes: Classes, label: tuple[str, ...], source: str
) -> tuple[np.ndarray, str]:
    """The mask of some classes, [H, W] uint8 in {0, 128, 255}, and what to say.

    Args:
        classes: of a picture or array.
        label: the names of those that are the object; empty where there is only one.
        source: where it is from, for the error.

    Raises:
        InputError: a name does not occur, or several classes may be the object; or all is.
    """
    objects = classes.objects
    if label:
        number_of = {_without_sign(name): index for index, name in enumerate(classes.names)}
        missing = [name for name in label if _without_sign(name) not in number_of]
        if missing:
            raise InputError(
                f"{source} has no label {missing[0]}; it has {classes.shares(objects)}; choose "
                "among these, or leave --label out."
            )
        chosen = [number_of[_without_sign(name)] for name in dict.fromkeys(label)]
    elif len(objects) == 1:
        chosen = objects
    else:
        first, second = (_without_sign(classes.names[index]) for index in objects[:2])
        raise InputError(
            f"{source} holds the labels {classes.shares(objects)}; say which are the object, such "
            f"as --label={first} or --label={first},{second} (if it is a trimap give it with "
            "--trimap)."
        )
    mask = np.where(np.isin(classes.number, chosen), np.uint8(FOREGROUND), np.uint8(BACKGROUND))
    named = " and ".join(classes.names[index] for index in chosen)
    verb = "its label {} is" if len(chosen) == 1 else "its labels {} are"
    note = f"{verb.format(named)} taken as the object"
    if classes.void is not None and classes.void not in chosen:
        mask[classes.number == classes.void] = UNKNOWN
        note += f" and {classes.names[classes.void]}, void, as unknown"
    if not (mask == FOREGROUND).any() or (mask == FOREGROUND).all():
        raise InputError(
            f"{source} has nothing beside {named}; choose fewer labels, of "
            f"{classes.shares(objects)}."
        )
    return mask, note


def _without_sign(name: str) -> str:
    """The name of a class as shells and URLs take it: of a colour without the number sign."""
    return name.lower().removeprefix("#")
