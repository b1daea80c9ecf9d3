"""What every key of a model may be."""

from typing import Annotated, Literal

from pydantic import Field

from ar_lab.schema.types import Below1, Count, Name, Order, Section, Seed


class CharRNN(Section):
    name: Name
    cell: Literal["lstm", "gru", "rnn", "mingru"]
    hidden: Count
    layers: Count
    dropout: Below1
    ngrams: Count
    buckets: Count
    prior: Literal["ngram"] | None = None  # the config of an older run may lack it
    prior_order: Order = 5


class Logistic(Section):
    name: Name
    rank: Count
    max_weights: Count


class MADE(Section):
    name: Name
    hidden: Annotated[list[Count], Field(min_length=1)]
    masks: Count
    ordering: Literal["natural", "reversed", "random"]
    ordering_seed: Seed
    rank: Count


class NADE(Section):
    name: Name
    hidden: Count
    rank: Count


class Transformer(Section):
    name: Name
    layers: Count
    width: Count
    heads: Count
    positions: Literal["rotary", "learned"]
    window: Count | None
    norm: Literal["layernorm", "rmsnorm"]
    qk_norm: bool
    mlp: Literal["gelu", "relu2", "swiglu"]
    tied: bool
    dropout: Below1
    ngrams: Count
    buckets: Count
    prior: Literal["ngram"] | None = None  # the config of an older run may lack it
    prior_order: Order = 5


class NGram(Section):
    name: Name
    order: Order
    symbols: Count


class PixelCNN(Section):
    name: Name
    features: Annotated[int, Field(ge=2)]  # half of them, of an image, see the rows above
    layers: Annotated[int, Field(ge=2)]
    kernel: Annotated[int, Field(ge=3)]
    dropout: Below1


class PlainPixelCNN(Section):
    name: Name
    features: Annotated[int, Field(ge=2)]  # the blocks work at half of them
    layers: Count
    kernel: Annotated[int, Field(ge=3)]
    dropout: Below1


class PixelCNNPP(Section):
    name: Name
    features: Count
    layers: Count
    resolutions: Count
    dropout: Below1


class PixelSNAIL(Section):
    name: Name
    features: Count
    blocks: Count
    layers: Count
    attention: Count
    dropout: Below1


NETWORKS: dict[str, type[Section]] = {
    "ar_lab.models.charrnn.CharRNN": CharRNN,
    "ar_lab.models.logistic.Logistic": Logistic,
    "ar_lab.models.made.MADE": MADE,
    "ar_lab.models.nade.NADE": NADE,
    "ar_lab.models.transformer.Transformer": Transformer,
    "ar_lab.models.ngram.NGram": NGram,
    "ar_lab.models.pixelcnn.PixelCNN": PixelCNN,
    "ar_lab.models.pixelcnn_plain.PlainPixelCNN": PlainPixelCNN,
    "ar_lab.models.pixelcnn_pp.PixelCNNPP": PixelCNNPP,
    "ar_lab.models.pixelsnail.PixelSNAIL": PixelSNAIL,
}
