"""Models of library callers, which say what is wrong in Python's words."""

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, ParamSpec

from dim_tf.library.telling import Told
from dim_tf.matting import predict

Arguments = ParamSpec("Arguments")


class MattingModel(predict.MattingModel):
    """A network ready to predict photos of every size: see `dim_tf.matting.predict.MattingModel`.

    Its attributes are network, config, about, statistics and post_process.
    """

    if not TYPE_CHECKING:  # who reads types has those of the method itself

        @functools.wraps(predict.MattingModel.predict_alpha)
        def predict_alpha(self, *given, **settings):  # noqa: D102, it has that of the other
            with Told():
                return super().predict_alpha(*given, **settings)


def _of_library(
    load: Callable[Arguments, predict.MattingModel],
) -> Callable[Arguments, MattingModel]:
    @functools.wraps(load)
    def load_model(*given: Arguments.args, **settings: Arguments.kwargs) -> MattingModel:
        with Told():
            model = load(*given, **settings)
        return MattingModel(
            model.network, model.config, model.about, model.statistics, model.post_process
        )

    return load_model


load_model = _of_library(predict.load_model)
