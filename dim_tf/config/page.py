"""Settings of the page."""

import dataclasses

from dim_tf.config.fields import Checked, option, part
from dim_tf.config.inference import MattingConfig, largest_input


@dataclasses.dataclass(frozen=True)
class ServingConfig(Checked):
    """Where the page is, and how much it takes."""

    host: str = option(
        "127.0.0.1",
        "address of this machine to listen at; by default nobody else can reach it, 0.0.0.0 is "
        "every address (read docs/page_http.md before)",
    )
    port: int = option(
        8000, "port to listen at; 0 takes one that is free", at_least=0, at_most=65_535
    )
    browser: bool = option(True, "open the page in the browser")
    allowed_hosts: tuple[str, ...] = option(
        (),
        "names by which browsers reach the page beside localhost and --host, such as "
        "matte.example.org, without port; others are refused",
    )
    upload_megabytes: float = option(
        64.0, "largest upload, all its files together, millions of bytes", above=0, at_most=2_000
    )
    max_input_megapixels: float = largest_input()
    queue: int = option(
        8,
        "requests at once, the one that is worked on among them; more are sent away. Each holds an "
        "upload in memory",
        at_least=1,
        at_most=1_000,
    )
    seconds: float = option(
        600.0, "after which the work on one request is stopped", above=0, at_most=1e6
    )


@dataclasses.dataclass(frozen=True)
class PageConfig(Checked):
    """A page in the browser that makes mattes, and the same over HTTP."""

    serving: ServingConfig = part(ServingConfig)
    matting: MattingConfig = part(MattingConfig)
