"""Optimizers: which parameters are decayed, Muon for the matrices among them, and a sparse one for hashed tables."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import nn
from torch.optim import AdamW, Muon, Optimizer, SparseAdam


def make_optimizer(make: Callable[[list[dict[str, Any]]], Optimizer], module: nn.Module) -> Optimizer:
    """The optimizer of a module; tables with sparse gradients are given to SparseAdam, with its rate and betas.

    Raises:
        ValueError: when there are such tables and the optimizer, not being one of Adam's, has no betas.
    """
    tables = [p for child in module.modules() if _is_sparse(child) for p in child.parameters()]
    optimizer = make(parameter_groups(module))
    if not tables:
        return optimizer
    values = next((group for group in optimizer.param_groups if "betas" in group), None)
    if values is None:
        raise ValueError(f"{type(optimizer).__name__} has no sparse form for hashed n-grams; use Adam, AdamW or Muon")
    sparse = SparseAdam(tables, lr=values["lr"], betas=tuple(values["betas"]))
    return Together([*getattr(optimizer, "parts", [optimizer]), sparse])


def parameter_groups(module: nn.Module) -> list[dict[str, Any]]:
    """Two groups: weights that are decayed, and all else (biases, norms, embeddings, positions, start symbols).

    Tables with sparse gradients are in neither.
    """
    decayed, spared = [], []
    for child in module.modules():
        for name, parameter in () if _is_sparse(child) else child.named_parameters(recurse=False):
            is_weight = name.startswith("weight") and parameter.ndim >= 2 and not isinstance(child, nn.Embedding)
            (decayed if is_weight else spared).append(parameter)
    groups = [{"params": decayed, "decayed": True}, {"params": spared, "decayed": False, "weight_decay": 0.0}]
    return [group for group in groups if group["params"]]


def _is_sparse(module: nn.Module) -> bool:
    return isinstance(module, nn.Embedding | nn.EmbeddingBag) and module.sparse


class Together(Optimizer):
    """Several optimizers as one, each over groups of its own, so that schedules and checkpoints see one."""

    def __init__(self, parts: list[Optimizer]):
        super().__init__([group for part in parts for group in part.param_groups], {})
        self.parts = parts
        self._share()

    def _share(self) -> None:
        """Lets the parts work on this optimizer's own groups and state."""
        groups = iter(self.param_groups)
        for part in self.parts:
            part.param_groups = [next(groups) for _ in part.param_groups]
            part.state = self.state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        super().load_state_dict(state_dict)
        self._share()

    def step(self, closure: Callable[[], torch.Tensor] | None = None) -> torch.Tensor | None:
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for part in self.parts:
            part.step()
        return loss


class MuonAdamW(Together):
    """Muon (Jordan et al., 2024) for the decayed matrices, AdamW for every other parameter.

    Muon's step is scaled to the root mean square of AdamW's (Liu et al., 2025, equation 4): one `lr` serves both.
    """

    def __init__(
        self,
        params: Iterable[dict[str, Any]],
        lr: float,
        momentum: float = 0.95,
        betas: Sequence[float] = (0.9, 0.99),
        weight_decay: float = 0.01,
    ):
        matrices, others = [], []
        for group in params:
            decay = {"weight_decay": group.get("weight_decay", weight_decay)}
            chosen = [p for p in group["params"] if p.ndim == 2 and group["decayed"]]
            rest = [p for p in group["params"] if not (p.ndim == 2 and group["decayed"])]
            matrices += [{"params": chosen, **decay}] if chosen else []
            others += [{"params": rest, **decay}] if rest else []
        parts: list[Optimizer] = []
        if matrices:
            parts.append(Muon(matrices, lr=lr, momentum=momentum, adjust_lr_fn="match_rms_adamw"))
        if others:
            parts.append(AdamW(others, lr=lr, betas=tuple(betas)))
        super().__init__(parts)
