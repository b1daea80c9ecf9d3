"""What is fitted in closed form before training, and the checkpoints where nothing is left to learn after it."""

from ar_lab.callbacks.checkpoints import AtomicCheckpointIO
from ar_lab.data.module import DataModule
from ar_lab.model import AutoregressiveModel
from ar_lab.runs import Run


def estimate(model: AutoregressiveModel, data: DataModule) -> list[str]:
    """Fits to the training part what is not learned by gradients; notes for the readers of the figures."""
    return model.network.estimate(data.parts.train, data.parts.labels.get("train"))


def learns(model: AutoregressiveModel) -> bool:
    """Whether there is anything for gradients to change."""
    return any(parameter.requires_grad for parameter in model.parameters())


def keep(run: Run, model: AutoregressiveModel, data: DataModule) -> None:
    """Writes best.ckpt and last.ckpt with what `restore`, and a run that goes on, read of them."""
    weights = {f"model.{name}": value for name, value in model.state_dict().items()}
    content = {"state_dict": weights, "codec": data.codec.to_dict(), "global_step": 0, "metrics_csv": 0}
    for name in ("best", "last"):
        AtomicCheckpointIO().save_checkpoint(content, run.checkpoint(name))
