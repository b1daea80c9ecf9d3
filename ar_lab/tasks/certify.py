"""task=certify: proofs that the figures of a trained model are likelihoods; training ends with them too."""

import sys
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ar_lab import runs
from ar_lab.data.batches import windows
from ar_lab.data.parts import Parts
from ar_lab.errors import NotCertified
from ar_lab.evaluation.certificate import Certificate
from ar_lab.evaluation.certificate import certify as proved
from ar_lab.model import AutoregressiveModel
from ar_lab.report.certificate import markdown, print_proofs
from ar_lab.report.receptive_field import save_picture
from ar_lab.restore import Restored, restore
from ar_lab.runs import Run
from ar_lab.runs.recording import alone
from ar_lab.sampling.labels import labels_in_turn
from ar_lab.tasks.loading import parts_of
from ar_lab.trainer import device_of

SECONDS, SHARE = 10.0, 0.05  # at the end of training: at most so many, or this part of what training took
EACH = 2  # examples of the data, and of the model's own, that proofs ask about


def certify(config: dict[str, Any]) -> None:
    """Proves of a run's best checkpoint that its figures are likelihoods, into RUN/certify/ and the run's result.

    Raises:
        ConfigError: when the data are no longer those of the run.
        NotCertified: when a proof fails; a finished run is then a failed one.
    """
    restored = restore(config["run"])
    parts, model = parts_of(restored.run, config), restored.model.to(device_of(config["trainer"]))
    noise = model.draw_noise(EACH, torch.Generator().manual_seed(config["seed"]))
    labels = labels_in_turn(model.space, EACH, model.network.device)
    drawn = model.sample(EACH, noise, condition=labels), labels
    certificate = proved(model, *examples(model, parts, *drawn), config["task"]["seconds"])
    directory = restored.run.subdirectory("certify")
    write(certificate, directory)
    keep(certificate, restored)
    print_proofs(certificate.to_dict())
    print(certificate.line)
    print(directory)
    refuse(certificate, restored.run.path, directory)


def certify_trained(
    run: Run, model: AutoregressiveModel, examples: tuple[Tensor, Tensor | None], summary: dict[str, Any]
) -> None:
    """Writes the certificate of a run that was just trained beside its figures, and the verdict into `summary`.

    Raises:
        NotCertified: when a proof fails.
    """
    print("certifying", file=sys.stderr, flush=True)
    certificate = proved(model, *examples, max(SECONDS, SHARE * run.result["training_seconds"]))
    write(certificate, run.path)
    run.write_result(certificate=facts(certificate))
    summary["certified"] = certificate.holds
    refuse(certificate, run.path, run.path)


def examples(
    model: AutoregressiveModel, parts: Parts, drawn: Tensor, labels: Tensor | None
) -> tuple[Tensor, Tensor | None]:
    """Held-out examples and drawn ones, with their labels."""
    if parts.is_stream:
        longest = max(parts.stretches("test"), key=len)
        held_out, known = windows(longest, model.space.dims)[:EACH], None
    else:
        held_out, known = parts.subset("test", EACH)
    x = torch.cat([model.cast(held_out), model.cast(drawn[:EACH])])
    if labels is None or known is None:
        return x, labels if labels is None else labels_in_turn(model.space, len(x), x.device)
    return x, torch.cat([known.to(labels), labels[:EACH]])


def write(certificate: Certificate, directory: Path) -> None:
    """certificate.json, certificate.md, and receptive_field.png where the network says what it sees."""
    found = certificate.to_dict()
    picture = None
    if certificate.dependence is not None:
        picture = save_picture(certificate.dependence, directory)
    runs.write_json(directory / "certificate.json", found)
    runs.write_atomically(directory / "certificate.md", markdown(found, picture))


def facts(certificate: Certificate) -> dict[str, Any]:
    """What result.json says of a certificate."""
    found = {"holds": certificate.holds, "verdict": certificate.line, "seconds": round(certificate.seconds, 3)}
    names = {verdict.replace(" ", "_"): certificate.named(verdict) for verdict in ("proved", "refuted", "not checked")}
    return found | names


def keep(certificate: Certificate, restored: Restored) -> None:
    """Writes the verdict on the best checkpoint into the run's result, and whether a finished run is a failed one.

    What was cut short keeps its status: it can go on, and ends with a certificate of its own.
    """
    run = restored.run
    if run.chosen is not None:
        return
    with alone(run):
        status, traceback = run.result.get("status"), run.result.get("traceback")
        failed_of_it = status == "failed" and "NotCertified" in str(traceback)
        if status == "done" and not certificate.holds:
            run.write_result(status="failed", traceback=f"NotCertified: {certificate.line}")
        elif failed_of_it and certificate.holds:
            run.write_result(status="done", traceback=None)
        run.write_result(certificate=facts(certificate))


def refuse(certificate: Certificate, run: Path, directory: Path) -> None:
    """Raises NotCertified when a proof failed."""
    if not certificate.holds:
        raise NotCertified(f"{run}: {certificate.line}; see {directory / 'certificate.md'}")
