"""task=evaluate: the figures of a trained model on the three parts of its data, with intervals and their protocol."""

from typing import Any

from ar_lab import runs
from ar_lab.data.parts import Parts
from ar_lab.errors import ConfigError
from ar_lab.report.chain_rule import print_chain, save_chain
from ar_lab.report.found import show_found
from ar_lab.report.table import print_result
from ar_lab.restore import Restored, restore
from ar_lab.tasks.attribution import attribute
from ar_lab.tasks.baselines import others
from ar_lab.tasks.chain_rule import chain_rule, check_example
from ar_lab.tasks.figures import figures
from ar_lab.tasks.loading import parts_of
from ar_lab.tasks.protocol import protocol
from ar_lab.tasks.rescored import check_manners, rescored
from ar_lab.tasks.scored import select
from ar_lab.trainer import device_of


def evaluate(config: dict[str, Any]) -> None:
    """Scores a run's best checkpoint again and writes RUN/evaluate/result.json and what else was asked for.

    Raises:
        ConfigError: when the data are no longer those the run was trained on, or lack what was asked for.
    """
    restored = restore(config["run"])
    parts = checked_parts(restored, config)
    model = restored.model.to(device_of(config["trainer"]))
    test = select(parts, "test", config["evaluation"]["examples"])
    metrics = figures(model, parts, config, intervals=True)
    again, said = rescored(model, parts, test, config)
    metrics |= again | others(parts, test)
    result = {
        "metrics": metrics,
        "protocol": protocol(restored, model, parts, config, metrics) | said,
        "notes": [
            *dict.fromkeys([*parts.notes, *restored.run.result.get("notes", [])])
        ],  # training's are about these too
        "run": str(restored.run.path),
    }
    if "certificate" in restored.run.result and restored.run.chosen is None:  # which is about the best weights
        result["certificate"] = restored.run.result["certificate"]
    directory = restored.run.subdirectory("evaluate")
    if config["task"]["example"] is not None:
        chain = chain_rule(model, parts, config)
        result["example"] = {"index": chain.index, "nats": chain.total, "file": save_chain(chain, directory).name}
        print_chain(chain)
    metrics |= attribute(model, parts, config, directory)
    runs.write_json(directory / "result.json", result)
    show_found("evaluate", metrics, directory, config["logger"])
    print_result(result, directory)


def checked_parts(restored: Restored, config: dict[str, Any]) -> Parts:
    """The parts of a run's data, which have what the task asks for.

    Raises:
        ConfigError: when they have not, or are no longer those of the run.
    """
    parts, task = parts_of(restored.run, config), config["task"]
    if parts.codec != restored.codec:
        raise ConfigError(f"run={restored.run.path}: its data are coded otherwise now; use the versions it names")
    check_manners(restored.model, parts, task)
    check_example(parts, task["example"])
    return parts
