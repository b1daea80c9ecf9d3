"""Causal attention over the pixels of an image, between blocks of convolutions (Chen et al., 2018, section 2.2)."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from ar_lab.layers.places import Here, Place


class PixelAttention(nn.Module):
    """softmax(Q K^T / sqrt(size)) V with one head, where pixel n attends to the pixels strictly before it.

    Keys and values are made of a pixel's own channels, its features and its place; queries of features and place. They
    stand one pixel late: at n are those of pixel n - 1, and learned ones at the first.
    """

    def __init__(self, height: int, width: int, inputs: int, features: int, size: int):
        super().__init__()
        self.query = nn.Linear(features + 2, size)
        self.pair = nn.Linear(inputs + features + 2, 2 * size)
        self.first = nn.Parameter(0.1 * torch.randn(2 * size))
        rows, columns = torch.linspace(-1, 1, height), torch.linspace(-1, 1, width)
        self.register_buffer("places", torch.stack(torch.meshgrid(rows, columns, indexing="ij"), -1), persistent=False)

    def forward(
        self, features: Here, inputs: Float[Tensor, "batch height width inputs"], at: Place
    ) -> Float[Tensor, "batch *place size"]:
        """The values that the features of a place find; `inputs` are those of the whole image, as far as known."""
        at.store(self.query, features)
        if at.i is None:
            before = self._pairs(features, inputs, at)[:, :-1]
            pairs = torch.cat([self.first.expand(len(features), 1, -1), before], dim=1)
            at.memory[id(self)] = pairs
            return self._attend(self._queries(features, at), pairs, causal=True).unflatten(1, features.shape[1:3])
        n = at.i * at.width + at.j
        pairs = at.memory.setdefault(id(self), self._room(at))
        if n:
            before = at.pixel(*divmod(n - 1, at.width))
            pairs[:, n] = self._pairs(before.load(self.query), before.part(inputs), before).squeeze(1)
        return self._attend(self._queries(features, at), pairs[:, : n + 1], causal=False).squeeze(1)

    def _queries(self, features: Tensor, at: Place) -> Float[Tensor, "batch pixels size"]:
        return self.query(self._flat(at, features))

    def _pairs(self, features: Tensor, inputs: Tensor, at: Place) -> Float[Tensor, "batch pixels pair"]:
        return self.pair(self._flat(at, inputs, features))

    def _flat(self, at: Place, *parts: Tensor) -> Float[Tensor, "batch pixels features"]:
        """What is known of a place and where it lies, its pixels in a row."""
        places = at.part(self.places.unsqueeze(0)).expand(*parts[0].shape[:-1], -1)
        together = torch.cat([*parts, places], dim=-1)
        return together.reshape(len(together), -1, together.shape[-1])

    def _attend(self, queries: Tensor, pairs: Tensor, causal: bool) -> Float[Tensor, "batch pixels size"]:
        keys, values = pairs.chunk(2, dim=-1)
        heads = (part.unsqueeze(1) for part in (queries, keys, values))
        return F.scaled_dot_product_attention(*heads, is_causal=causal).squeeze(1)

    def _room(self, at: Place) -> Float[Tensor, "batch pixels pair"]:
        return self.first.detach().repeat(at.batch, at.height * at.width, 1)
