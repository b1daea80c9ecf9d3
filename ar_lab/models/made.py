"""MADE: an autoencoder with the paths cut that a conditional must not have (Germain et al., 2015)."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ar_lab.layers.contributions import PlaceHead
from ar_lab.layers.embedding import ClassEmbedding
from ar_lab.layers.masked_layers import MaskedLayers, UnitByUnit, degrees
from ar_lab.models.network import Condition, check_condition, check_turn
from ar_lab.models.taking import TakingNetwork
from ar_lab.space import Space

ORDERINGS = ("natural", "reversed", "random")


@dataclass
class MADEState:
    values: Int[Tensor, "batch dims"]  # the known ones, then zeros; filled in place
    condition: Condition | None
    position: int = 0  # places known
    asked: bool = False  # whether the conditional at `position` was given out
    units: list[UnitByUnit] | None = None  # what the values make of the layers, for every mask; None before a step


class MADE(TakingNetwork):
    """params_d = b_d + V_d a_d(x_<d) with the a_d of `MaskedLayers`: all conditionals from one pass through one net.

    With several `masks` (connectivity-agnostic training, section 4.2) the rows of a training batch are given one in
    turn; in evaluation the parameters are averaged over the masks. Of logits that is the geometric mean of the masks'
    conditionals, normalized, where the paper averages probabilities: it holds for every likelihood, costs no more, and
    each conditional stays one distribution that can be sampled. A label adds a term to the first layer and to all a_d.

    Raises:
        ValueError: for real numbers and an unknown ordering.
    """

    def __init__(
        self,
        space: Space,
        outputs: int,
        hidden: list[int] | tuple[int, ...] = (500,),
        masks: int = 1,
        ordering: str = "natural",
        ordering_seed: int = 0,
        rank: int = 16,
    ):
        super().__init__(space, outputs)
        if ordering not in ORDERINGS:
            raise ValueError(f"ordering={ordering!r}: choose one of {', '.join(ORDERINGS)}")
        self.head = PlaceHead(space, outputs, rank)
        self.layers = MaskedLayers(space, list(hidden), self.head.rank)
        self.label_in = ClassEmbedding(space, hidden[0])
        self.label_out = ClassEmbedding(space, space.dims * self.head.rank)
        generator = torch.Generator().manual_seed(ordering_seed)
        if ordering != "natural":
            last_first = torch.arange(space.dims).flip(0)
            self.order = last_first if ordering == "reversed" else torch.randperm(space.dims, generator=generator)
        drawn = [degrees(space.dims, list(hidden), generator if masks > 1 else None) for _ in range(masks)]
        for layer, of_masks in enumerate(zip(*drawn, strict=True)):
            self.register_buffer(f"degrees_{layer}", torch.stack(of_masks))

    def start(self, batch_size: int, condition: Condition | None = None) -> MADEState:
        check_condition(self.space, condition)
        return MADEState(torch.zeros(batch_size, self.space.dims, dtype=torch.long, device=self.device), condition)

    def extend(
        self, x: Int[Tensor, "batch time"], state: MADEState
    ) -> tuple[Float[Tensor, "batch time outputs"], MADEState]:
        check_turn(state.asked, given=False)
        new, values = self.space.span(state.position, state.position + x.shape[1]), state.values.clone()
        values[:, new] = x
        numbers = self._numbers(values, self.label_in(state.condition))[:, new]
        return self._params(numbers, new, state.condition), MADEState(values, state.condition, new.stop)

    def take(self, value: Int[Tensor, " batch"], state: MADEState) -> None:
        state.values[:, state.position] = value
        for mask in state.units:
            mask.take(value, state.position)

    def conditional(self, state: MADEState) -> Float[Tensor, "batch outputs"]:
        if state.units is None:
            state.units = self._replay(state)
        numbers = sum(mask.numbers(state.position) for mask in state.units) / len(state.units)
        place = slice(state.position, state.position + 1)
        return self._params(numbers.unsqueeze(1), place, state.condition).squeeze(1)

    def receptive_field(self) -> Bool[Tensor, "dims dims"]:
        """Where there is a path through the masks, in any of them."""
        paths = torch.zeros(self.space.dims, self.space.dims, dtype=torch.bool)
        for of_mask in self._degrees():
            reach, *above = (mask.float().cpu() for mask in self.layers.masks(of_mask))
            for mask in above:
                reach = (mask @ reach > 0).float()
            paths |= reach > 0
        return paths

    def _degrees(self) -> list[list[Int[Tensor, " _"]]]:
        """Of every mask, those of every layer."""
        layers = [self.get_buffer(f"degrees_{layer}") for layer in range(len(self.layers.between) + 1)]
        return [list(of_mask) for of_mask in zip(*layers, strict=True)]

    def _numbers(
        self, values: Int[Tensor, "batch dims"], offset: Float[Tensor, "batch units"] | None
    ) -> Float[Tensor, "batch dims rank"]:
        """a_d: in training of one mask a row, else the mean over the masks."""
        masks = [self.layers.masks(of_mask) for of_mask in self._degrees()]
        if not self.training or len(masks) == 1:
            return sum(self.layers(values, offset, mask) for mask in masks) / len(masks)
        turns = [slice(turn, None, len(masks)) for turn in range(len(masks))]
        rows = torch.arange(len(values), device=values.device)
        parts = [
            self.layers(values[turn], None if offset is None else offset[turn], mask)
            for turn, mask in zip(turns, masks, strict=True)
        ]
        return torch.cat(parts)[torch.cat([rows[turn] for turn in turns]).argsort()]

    def _params(
        self, numbers: Float[Tensor, "batch time rank"], places: slice, condition: Condition | None
    ) -> Float[Tensor, "batch time outputs"]:
        label = self.label_out(condition)
        if label is not None:
            numbers = numbers + label.unflatten(1, (self.space.dims, self.head.rank))[:, places]
        return self.head(numbers, places)

    def _replay(self, state: MADEState) -> list[UnitByUnit]:
        """The layers after the known values, taken in one by one."""
        offset, batch_size = self.label_in(state.condition), len(state.values)
        masks = [UnitByUnit(self.layers, of_mask, offset, batch_size) for of_mask in self._degrees()]
        for place in range(state.position):
            for mask in masks:
                mask.take(state.values[:, place], place)
        return masks
