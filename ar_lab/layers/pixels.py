"""What a pixel enters the layers with, how a label reaches them, and how its channels are told apart at the end."""

import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor, nn

from ar_lab.space import Space

Labels = Int[Tensor, " batch"] | None  # of a space with classes, the label of every example


class PixelInput(nn.Module):
    """The features a pixel enters with.

    Channels of an image and real numbers enter as numbers (levels scaled to [-1, 1]) beside a constant, which tells
    them from the zeros outside of the image; symbols, of a sequence or a discrete vector, enter as learned vectors.
    """

    def __init__(self, space: Space, features: int):
        super().__init__()
        self.discrete = space.discrete
        embedded = space.discrete and space.kind != "image"
        self.table = nn.Embedding(space.levels, features) if embedded else None
        self.features = features if embedded else space.image_shape[2] + 1
        scale, offset = (2 / (space.levels - 1), -1.0) if space.discrete else (1.0, 0.0)
        self.register_buffer("scale", torch.tensor([scale]), persistent=False)
        self.offset = offset

    def blank(self, batch_size: int, dims: int) -> Shaped[Tensor, "batch dims"]:
        """A place for values that are not known yet."""
        dtype = torch.long if self.discrete else self.scale.dtype
        return torch.zeros(batch_size, dims, dtype=dtype, device=self.scale.device)

    def numbers(self, values: Shaped[Tensor, "*batch channels"]) -> Float[Tensor, "*batch channels"]:
        return values * self.scale + self.offset

    def forward(self, values: Shaped[Tensor, "*batch channels"]) -> Float[Tensor, "*batch features"]:
        if self.table is not None:
            return self.table(values.squeeze(-1))
        numbers = self.numbers(values)
        return torch.cat([numbers, torch.ones_like(numbers[..., :1])], dim=-1)


class ClassShift(nn.Module):
    """features + V[label] at every place, or the features as they are where a space has no classes.

    One in every layer is how an image model is conditioned (van den Oord et al., 2016b, equation 4, h being one-hot).
    The class says nothing at first: V begins at zero.
    """

    def __init__(self, space: Space, features: int):
        super().__init__()
        self.table = nn.Embedding(space.classes, features) if space.classes else None
        if self.table is not None:
            nn.init.zeros_(self.table.weight)

    def forward(
        self, features: Float[Tensor, "batch *places features"], condition: Labels
    ) -> Float[Tensor, "batch *places features"]:
        if self.table is None:
            return features
        shift = self.table(condition)
        return features + shift.view(len(shift), *[1] * (features.ndim - 2), -1)


class ChannelHead(nn.Module):
    """params_c = V relu(W_c [relu(features), x_1 … x_{c-1}]): every channel given the pixel's channels before it."""

    def __init__(self, channels: int, features: int, outputs: int, dropout: float):
        super().__init__()
        self.hidden = nn.ModuleList(nn.Linear(features + c, 2 * features) for c in range(channels))
        self.dropout = nn.Dropout(dropout)
        self.out = nn.Linear(2 * features, outputs)

    def forward(
        self, features: Float[Tensor, "*batch features"], numbers: Float[Tensor, "*batch channels"]
    ) -> Float[Tensor, "*batch channels outputs"]:
        """All channels of a pixel whose values are known."""
        hidden = [self._hidden(features, numbers, c) for c in range(len(self.hidden))]
        return self.out(torch.stack(hidden, dim=-2))

    def channel(
        self, features: Float[Tensor, "batch features"], numbers: Float[Tensor, "batch channels"], c: int
    ) -> Float[Tensor, "batch outputs"]:
        """Channel c alone; `numbers` are not looked at from c on."""
        return self.out(self._hidden(features, numbers, c))

    def _hidden(self, features: Tensor, numbers: Tensor, c: int) -> Tensor:
        known = torch.cat([torch.relu(features), numbers[..., :c]], dim=-1)
        return self.dropout(torch.relu(self.hidden[c](known)))


class ChannelSteps:
    """A pixel's channels one after the other, and what the pixel enters the layers with once all are known.

    `values` are those of the present pixel; what is not known of them is overwritten before it is looked at.
    """

    def __init__(self, pixels: PixelInput, head: ChannelHead, values: Shaped[Tensor, "batch channels"]):
        self.pixels = pixels
        weights = [(hidden.bias, hidden.weight.t().contiguous()) for hidden in head.hidden]
        self.out = head.out.bias, head.out.weight.t().contiguous()
        (batch, channels), features = values.shape, head.out.in_features // 2
        # The columns: relu(features), the channels' numbers, the constant that enters beside them.
        known = pixels.scale.new_ones(batch, features + channels + 1)
        self.features, self.entering = known[:, :features], known[:, features:]
        self.entering[:, :-1] = pixels.numbers(values)
        self.channels = [(known[:, : features + c], *weights[c]) for c in range(channels)]

    def begin(self, features: Float[Tensor, "batch features"]) -> None:
        """Begins a pixel with its features."""
        torch.clamp_min(features, 0.0, out=self.features)

    def params(self, c: int) -> Float[Tensor, "batch outputs"]:
        """The parameters of channel c, given the channels before it."""
        known, bias, weight = self.channels[c]
        return torch.addmm(self.out[0], torch.addmm(bias, known, weight).relu_(), self.out[1])

    def take(self, value: Shaped[Tensor, " batch"], c: int) -> None:
        self.entering[:, c] = self.pixels.numbers(value)

    def inputs(self, value: Shaped[Tensor, " batch"]) -> Float[Tensor, "batch inputs"]:
        """What a pixel enters with whose last channel has this value."""
        return self.entering if self.pixels.table is None else self.pixels.table(value)
