"""MaximumLikelihood: the training step that minimizes cross-entropy."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytorch_lightning as pl
import torch
from jaxtyping import Float, Shaped
from pytorch_lightning.callbacks import Timer
from pytorch_lightning.utilities import move_data_to_device
from torch import Tensor
from torch.optim import Optimizer

from ar_lab.codecs.base import Codec
from ar_lab.data.batches import Batch
from ar_lab.errors import ConfigError, DivergenceError
from ar_lab.model import AutoregressiveModel
from ar_lab.models.network import Condition
from ar_lab.models.states import filled, plain
from ar_lab.optimizers import make_optimizer
from ar_lab.ranks import gathered
from ar_lab.schedules import Schedule

SCORED = ("validation/nats_per_dim", "train_scored/nats_per_dim")  # at every validation, in evaluation mode
LOSS_LIMIT = 1e6  # nats per dimension; a loss above it is divergence


class MaximumLikelihood(pl.LightningModule):
    """Maximizes the mean log-likelihood of the training part by mini-batch gradient steps.

    The loss is the cross-entropy -log p(x) / D in nats per dimension. With `stream`, batches are consecutive windows
    and the state is carried from one to the next: truncated backpropagation through time (Williams and Peng, 1990).
    """

    def __init__(
        self,
        model: AutoregressiveModel,
        codec: Codec,
        optimizer: Callable[[list[dict[str, Any]]], Optimizer],
        schedule: Schedule,
        stream: bool = False,
    ):
        super().__init__()
        self.model = model
        self.codec = codec
        self.make_optimizer = optimizer
        self.schedule = schedule
        self.stream = stream
        self.state: Any = None  # what the last batch of a stream left
        self.restored: dict[str, Any] | None = None  # the same, from a checkpoint

    def configure_optimizers(self) -> dict[str, Any]:
        optimizer = make_optimizer(self.make_optimizer, self.model)
        return {"optimizer": optimizer, "lr_scheduler": self.schedule.configure(optimizer, self.progress)}

    def progress(self, step: int) -> float:
        """The part of training that is done, by whichever limit is nearest: steps, epochs or time."""
        done = step / self.trainer.estimated_stepping_batches  # 0 when neither steps nor epochs are limited
        for callback in self.trainer.callbacks:
            if isinstance(callback, Timer) and callback.time_remaining() is not None:
                elapsed, remaining = callback.time_elapsed(), callback.time_remaining()
                done = max(done, elapsed / (elapsed + remaining))
        return done

    def on_train_epoch_end(self) -> None:
        self.state = None  # the next epoch starts at the stream's beginning

    def on_validation_end(self) -> None:
        if self.schedule.needs_validation:
            self.lr_schedulers().step(self.trainer.callback_metrics["validation/nats_per_dim"])

    def training_step(self, batch: Batch) -> Float[Tensor, ""]:
        return self.finite(self.mean(self.nll(*batch))[0], "training loss")

    def mean(self, nll: Float[Tensor, "batch dims"]) -> tuple[Float[Tensor, ""], int]:
        """The mean over a batch, whose rows several processes may share, and the number of its rows.

        The gradient is then of this process's rows alone, scaled so that its average over the processes, which DDP
        takes, is the gradient of the mean.
        """
        if self.trainer.world_size == 1:
            return nll.mean(), len(nll)
        own = nll.detach().double()
        whole = torch.stack([own.sum(), own.new_tensor(own.numel())])
        total, count = self.trainer.strategy.reduce(whole, reduce_op="sum")
        part = nll.sum() * (self.trainer.world_size / count).to(nll.dtype)
        return part + ((total / count).to(nll.dtype) - part).detach(), int(count) // nll.shape[1]

    def finite(self, figure: Float[Tensor, ""], name: str) -> Float[Tensor, ""]:
        """The figure itself, unless it is no longer a usable number.

        Raises:
            DivergenceError: when it is NaN, infinite or above LOSS_LIMIT.
        """
        if not figure.isfinite() or figure > LOSS_LIMIT:
            raise DivergenceError(
                f"the {name} is {figure.item():.4g} nats per dimension at step {self.global_step}: training diverged; "
                "a lower optimizer.lr or trainer.gradient_clip_val may help"
            )
        return figure

    def nll(self, x: Shaped[Tensor, "batch dims"], condition: Condition | None) -> Float[Tensor, "batch dims"]:
        """-log p(x_i | …) of a training batch, given the state that the batch before it left when it is a stream."""
        if not len(x):  # a process without a row of a small batch: its gradient is 0, and not missing
            return x.new_zeros(x.shape, dtype=self.dtype) + 0 * sum(p.sum() for p in self.model.parameters())
        if not self.stream:
            return self.model.nll(x, condition)
        network = self.model.network
        state = network.start(len(x), condition) if self.state is None else network.anew(self.state, condition)
        if self.restored is not None:
            state = network.anew(filled(state, move_data_to_device(self.restored, x.device)), condition)
            self.restored = None
        params, state = network.extend(x, state)
        self.state = state.detach()
        return -self.model.likelihood.conditional(params).log_prob(x)

    def validation_step(self, batch: Batch, batch_idx: int = 0, dataloader_idx: int = 0) -> None:
        """Logs the figure of the validation part, and of the training part's examples that come as a second loader."""
        x, condition = batch
        nll = self.model.nll(x, condition) + self.codec.charge(x) if len(x) else x.new_zeros(x.shape, dtype=self.dtype)
        figure, rows = self.mean(nll)
        self.finite(figure, "validation figure")
        name, log = SCORED[dataloader_idx], partial(self.log, batch_size=rows, add_dataloader_idx=False)
        if not dataloader_idx:
            log("step", float(self.global_step))  # or the loggers count the steps from 0
        log(name, figure, on_epoch=True, sync_dist=True)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["codec"] = self.codec.to_dict()  # so that a checkpoint is enough to sample from
        checkpoint["stream"] = gathered(None if self.state is None else plain(self.state))

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        states, processes = checkpoint["stream"], self.trainer.world_size
        if len(states) != processes and states[0] is not None:
            raise ConfigError(
                f"trainer.devices={processes}: last.ckpt lies within a stream that {len(states)} "
                f"processes carry; go on with trainer.devices={len(states)}"
            )
        self.restored = states[self.trainer.global_rank] if len(states) == processes else None
