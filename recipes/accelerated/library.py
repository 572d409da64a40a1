"""Everything that examples are made of, on the device."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import torch

from recipes.accelerated.draws import Draws
from recipes.accelerated.edges import EDGE_PIXELS, edge_pixels
from recipes.accelerated.mattes import DrawnMatte
from recipes.accelerated.pack_file import Pack, cutout_square, photo_square, sources_of
from recipes.accelerated.settings import CUTOUT_SIDE, OTHER_SOURCES, PROCEDURAL, Share


class Group(NamedTuple):
    """Foregrounds that are drawn with one probability.

    Attributes:
        members: indices of cut-outs; empty for the procedural mattes, which change.
        is_procedural: whether it is them.
        as_it_is: probability where a foreground keeps about its size.
        shrunk: probability where it is made smaller.
    """

    members: tuple[int, ...]
    is_procedural: bool
    as_it_is: float
    shrunk: float


def groups_of(shares: Sequence[Share], sources: Mapping[str, Sequence[int]]) -> list[Group]:
    """The mix for the sources that there are.

    Args:
        shares: what --shares says; one is of the procedural mattes.
        sources: indices of the cut-outs of each source.

    Returns:
        Groups whose probabilities sum to 1, in both columns. The procedural mattes keep their
        share; the others share the rest as --shares says, or evenly where it gives them nothing.
    """
    named = {name for share in shares for name in share.sources}
    rest = [index for name, members in sources.items() if name not in named for index in members]
    members_of = {**sources, OTHER_SOURCES: rest}
    found = [
        Group(
            tuple(index for name in share.sources for index in members_of.get(name, ())),
            share.sources == (PROCEDURAL,),
            share.as_it_is,
            share.shrunk,
        )
        for share in shares
    ]
    missing = [] if OTHER_SOURCES in named or not rest else [Group(tuple(rest), False, 0.0, 0.0)]
    groups = [group for group in found + missing if group.is_procedural or group.members]
    columns = [
        _probabilities(
            [getattr(group, column) for group in groups],
            [group.is_procedural for group in groups],
            sum(getattr(share, column) for share in shares),
        )
        for column in ("as_it_is", "shrunk")
    ]
    return [
        group._replace(as_it_is=as_it_is, shrunk=shrunk)
        for group, as_it_is, shrunk in zip(groups, *columns, strict=True)
    ]


def _probabilities(
    shares: Sequence[float], procedural: Sequence[bool], total: float
) -> list[float]:
    """Shares to probabilities, see `groups_of`; `total` is that of all shares of --shares."""
    if len(shares) == 1:
        return [1.0]
    own = sum(share for share, is_it in zip(shares, procedural, strict=True) if is_it) / total
    others = [share for share, is_it in zip(shares, procedural, strict=True) if not is_it]
    if not sum(others):
        others = [1.0] * len(others)
    scale = (1 - own) / sum(others)
    rescaled = iter(share * scale for share in others)
    return [own if is_it else next(rescaled) for is_it in procedural]


class Library:
    """Cut-outs, a ring of procedural mattes, and photographs.

    Attributes:
        pictures: [N + ring, 4, 640, 640] uint8, RGB and alpha: the cut-outs, then the ring.
        edges: [N + ring, 256, 2] int16, rows and columns on their edges.
        photos: [P, 3, 608, 608] uint8.
        extents: [P, 2] float32, height and width of what is not a mirror image.
        drawn: how many procedural mattes were put in.
    """

    def __init__(
        self, pack: Pack, shares: Sequence[Share], ring: int, device: torch.device
    ) -> None:
        """Unpacks.

        Args:
            pack: what to unpack.
            shares: where foregrounds come from.
            ring: how many procedural mattes are kept.
            device: where all lies.

        Raises:
            InputError: the pack is damaged.
        """
        self._cutouts = len(pack.cutouts)
        self._ring = ring
        self.drawn = 0
        count = self._cutouts + ring
        self.pictures = torch.zeros(
            (count, 4, CUTOUT_SIDE, CUTOUT_SIDE), dtype=torch.uint8, device=device
        )
        self.edges = torch.full(
            (count, EDGE_PIXELS, 2), CUTOUT_SIDE // 2, dtype=torch.int16, device=device
        )
        with ThreadPoolExecutor() as pool:
            for index, square in enumerate(pool.map(cutout_square, pack.cutouts)):
                self._put(index, square, edge_pixels(square[3], index))
            photos, extents = zip(*pool.map(photo_square, pack.photos), strict=True)
        self.photos = torch.from_numpy(np.stack(photos)).to(device)
        self.extents = torch.tensor(extents, dtype=torch.float32, device=device)
        self._groups = groups_of(shares, sources_of(pack.cutouts))
        self._members = [
            torch.tensor(group.members, dtype=torch.long, device=device) for group in self._groups
        ]

    @property
    def in_ring(self) -> int:
        """How many procedural mattes there are."""
        return min(self.drawn, self._ring)

    def add(self, matte: DrawnMatte) -> None:
        """Puts a procedural matte in, in the place of the oldest where the ring is full."""
        self._put(self._cutouts + self.drawn % self._ring, matte.picture, matte.edges)
        self.drawn += 1

    def _put(self, index: int, picture: np.ndarray, edges: np.ndarray) -> None:
        device = self.pictures.device
        self.pictures[index] = torch.from_numpy(picture).to(device)
        self.edges[index] = torch.from_numpy(edges).to(device)

    def draw_foregrounds(self, count: int, shrunk: bool, draws: Draws) -> torch.Tensor:
        """Indices into `pictures`, drawn by the mix: [count] int64.

        Args:
            count: how many.
            shrunk: whether they will be made smaller.
            draws: for all of it.
        """
        weights = [group.shrunk if shrunk else group.as_it_is for group in self._groups]
        chosen = draws.choices(weights, count)
        indices = torch.empty(count, dtype=torch.long, device=self.pictures.device)
        for number, group in enumerate(self._groups):
            where = (chosen == number).nonzero()[:, 0]
            if not len(where):
                continue
            if group.is_procedural:
                drawn = self._cutouts + draws.integers(self.in_ring, len(where))
            else:
                members = self._members[number]
                drawn = members[draws.integers(len(members), len(where))]
            indices[where.to(indices.device)] = drawn
        return indices

    def draw_edges(self, indices: torch.Tensor, draws: Draws) -> torch.Tensor:
        """A pixel on the edge of each picture: [B, 2] int16, row and column."""
        return self.edges[indices, draws.integers(EDGE_PIXELS, len(indices))]
