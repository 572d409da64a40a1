"""How good mattes are, where the true ones are known: SAD, MSE, gradient and connectivity.

Mattes that are there, of whichever tool, on the unknown region of their trimaps:

    dim-tf measure mattes/ truths/ --trimap=trimaps/ --rgb=photos/

Photos whose mattes are made first; --output=mattes/ keeps them:

    dim-tf measure --rgb=photos/ --trimap=trimaps/ --gt=truths/

Both print a table and write the folder report (another one: -o): metrics.csv, metrics.json and
sheets, the worst matte first.
"""

from dim_tf.commands.script import Command
from dim_tf.commands.words.matte import write_mattes
from dim_tf.config import InferenceConfig, with_values
from dim_tf.system.errors import InputError


def measure(config: InferenceConfig) -> None:
    """Measures mattes against true ones.

    Raises:
        InputError: nothing to compare with; see also `write_mattes`.
    """
    if not config.measuring.gt:
        raise InputError(
            "The true mattes are missing; give them behind the mattes, or with --gt beside --rgb."
        )
    writing = config.writing
    write_mattes(with_values(config, write_matte=writing.write_matte and bool(writing.output)))


COMMAND = Command(
    InferenceConfig,
    measure,
    files=("predictions", "gt"),
    aliases={"o": "report"},
    takes_patterns=True,
)
