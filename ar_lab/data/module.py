"""The LightningDataModule: parts in memory, as batches for training and validation."""

from collections.abc import Iterator
from typing import Any

from pytorch_lightning import LightningDataModule
from torch import Tensor

from ar_lab.data.augmentation import Augmentation, Augmented
from ar_lab.data.batches import Batch, FixedBatches, Lanes, ShuffledExamples, ShuffledWindows, TrainingBatches, windows
from ar_lab.data.parts import Parts
from ar_lab.errors import ConfigError


class Share:
    """The rows of every batch that are one process's, of several that train together."""

    def __init__(self, batches: TrainingBatches | Augmented | FixedBatches, rank: int, processes: int):
        self.batches, self.rank, self.processes = batches, rank, processes

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[Batch]:
        return (batch.share(self.rank, self.processes) for batch in self.batches)

    def state_dict(self) -> dict[str, int]:
        return self.batches.state_dict()

    def load_state_dict(self, state: dict[str, int]) -> None:
        self.batches.load_state_dict(state)


class DataModule(LightningDataModule):
    """Batches are `Batch`es: examples `(batch, dims)`, and their labels where the data are conditioned on them.

    Training visits everything once an epoch, in an order that the seed and the epoch's number decide; the last batch is
    as small as it comes. With `stream`, the rows of a text's batches go on from one batch to the next. Validation uses
    at most `validation_examples` examples, the same for every seed (of text, the first windows), so that runs compare.
    Where several processes train together, each has its rows of all these batches. With `blocks`, every training window
    of a text says in which of so many equal blocks of the training part it begins. `shift` and `mutation` augment the
    batches of training and nothing else. With `curves`, at most so many training examples, and no more than there are
    validation examples, follow these in a second loader, as they are: the other side of the gap between the two parts.

    Raises:
        ConfigError: for `stream` on data that is not text, or an augmentation that the data cannot have.
    """

    def __init__(
        self,
        parts: Parts,
        *,
        batch_size: int,
        seed: int,
        stream: bool = False,
        validation_examples: int = 2000,
        blocks: int | None = None,
        curves: int = 0,
        shift: int = 0,
        mutation: float = 0.0,
    ):
        super().__init__()
        if stream and not parts.is_stream:
            raise ConfigError(f"data.stream=true: needs text, this data is of kind {parts.codec.space.kind}")
        self.parts = parts
        self.codec = parts.codec
        self.space = parts.codec.space
        self.batch_size = batch_size
        self.seed = seed
        self.stream = stream
        self.validation_examples = validation_examples
        self.blocks = blocks
        self.curves = curves
        self.augmentation = Augmentation.of(parts, shift, mutation, seed)
        self.training: TrainingBatches | None = None
        self.restored: dict[str, int] | None = None

    @property
    def batches_per_epoch(self) -> int:
        return len(self._training_batches())

    @property
    def notes(self) -> list[str]:
        """What a reader of the figures must know of the data, and of what training makes of them."""
        return [*self.parts.notes, *self.augmentation.notes]

    def train_dataloader(self) -> TrainingBatches | Augmented | Share:
        self.training = self._training_batches()
        if self.restored is not None:
            self.training.load_state_dict(self.restored)
        return self._share(Augmented(self.training, self.augmentation) if self.augmentation else self.training)

    def state_dict(self) -> dict[str, Any]:
        """The epoch and its batches that were trained on: not those fetched, nor those that a limit leaves out."""
        if self.training is None or self.trainer is None:
            return {}
        epoch, trained = self.training.epoch, self.trainer.fit_loop.epoch_loop.batch_progress.current.processed
        whole = trained >= self.trainer.num_training_batches
        return {"epoch": epoch + 1, "fetched": 0} if whole else {"epoch": epoch, "fetched": trained}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.restored = state_dict or None

    def _training_batches(self) -> TrainingBatches:
        train, dims, seams = self.parts.train, self.space.dims, self.parts.seams.get("train", [])
        if self.stream:
            return Lanes(train, dims, self.batch_size, seams, self.blocks)
        if self.parts.is_stream:
            return ShuffledWindows(train, dims, self.batch_size, self.seed, seams, self.blocks)
        return ShuffledExamples(train, self.batch_size, self.seed, self.parts.labels.get("train"))

    def _share(
        self, batches: TrainingBatches | Augmented | FixedBatches
    ) -> TrainingBatches | Augmented | FixedBatches | Share:
        if self.trainer is None or self.trainer.world_size == 1:
            return batches
        return Share(batches, self.trainer.global_rank, self.trainer.world_size)

    def val_dataloader(self) -> FixedBatches | Share | list[FixedBatches | Share]:
        x, labels = self._fixed("validation", self.validation_examples)
        if not len(x):
            return []
        validation = self._share(FixedBatches(x, self.batch_size, labels))
        if not self.curves:
            return validation
        x, labels = self._fixed("train", min(self.curves, len(x)))
        return [validation, self._share(FixedBatches(x, self.batch_size, labels))]

    def _fixed(self, part: str, count: int) -> tuple[Tensor, Tensor | None]:
        """The examples of a part that are scored every time; of text, the first windows."""
        if self.parts.is_stream:
            stream, seams = getattr(self.parts, part), self.parts.seams.get(part, [])
            return windows(stream, self.space.dims, seams)[:count], None
        return self.parts.subset(part, count)
