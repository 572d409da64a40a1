"""The report's sentences in two languages, from one program."""

from typing import Any, Literal, NamedTuple

from dim_tf.ablations.chinese import CHINESE

Language = Literal["English", "Chinese"]


class Words(NamedTuple):
    """Says a sentence in a language.

    Attributes:
        language: English is what stands in the program; Chinese is looked up.
    """

    language: Language = "English"

    def __call__(self, text: str, **values: Any) -> str:
        """A sentence with its values filled in.

        Args:
            text: in English, with the names of values in braces.
            values: by name.

        Raises:
            KeyError: there is no Chinese for it.
        """
        if self.language == "Chinese":
            text = CHINESE[text]
        return text.format(**values) if values else text

    def sentences(self, *texts: str) -> str:
        """Sentences one after the other; in Chinese without a blank between."""
        return ("" if self.language == "Chinese" else " ").join(texts)


ENGLISH = Words("English")
IN_CHINESE = Words("Chinese")
