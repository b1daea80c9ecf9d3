"""task=evaluate: the figures of a trained model on the three parts of its data."""

from typing import Any

from ar_lab import runs
from ar_lab.errors import ConfigError
from ar_lab.report.table import print_result
from ar_lab.restore import restore
from ar_lab.tasks.figures import figures
from ar_lab.tasks.loading import load_parts
from ar_lab.trainer import device_of


def evaluate(config: dict[str, Any]) -> None:
    """Scores a run's best checkpoint again and writes RUN/evaluate/result.json.

    Raises:
        ConfigError: when the data are no longer those the run was trained on.
    """
    restored = restore(config["run"])
    parts = load_parts(config)
    trained_on = restored.run.result.get("data_checksum")
    if parts.codec != restored.codec or trained_on not in (None, parts.checksum):
        raise ConfigError(
            f"the data differ from those of {restored.run.path} (checksum {parts.checksum[:12]}, "
            f"then {str(trained_on)[:12]}): give the original ones, for example by data.root= or data.path="
        )
    if parts.digest != restored.run.result.get("split", {}).get("hash", parts.digest):
        raise ConfigError(
            f"the data are split otherwise than in {restored.run.path}, whose test part this model may have been "
            "trained on: use the versions that its result.json names"
        )
    metrics = figures(restored.model.to(device_of(config["trainer"])), parts, config)
    directory = restored.run.subdirectory("evaluate")
    result = {"metrics": metrics, "notes": parts.notes, "run": str(restored.run.path)}
    if "certificate" in restored.run.result and restored.run.chosen is None:  # which is about the best weights
        result["certificate"] = restored.run.result["certificate"]
    runs.write_json(directory / "result.json", result)
    print_result(result, directory)
