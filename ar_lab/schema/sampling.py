"""Which requests of task=sample the data of a run cannot answer."""

from collections.abc import Iterator
from typing import Any

CONTENT = {"sequence": "text", "image": "images", "vector": "rows"}
NEEDED = {"prompt": "sequence", "length": "sequence", "stream": "sequence", "complete": "image"}


def refusals(task: dict[str, Any], kind: str, discrete: bool, conditioned: bool) -> Iterator[str]:
    """One line for every key of the task that data of a kind has no use for, or that another key excludes."""
    for key, needed in NEEDED.items():
        if task[key] not in (None, False) and kind != needed:
            yield f"task.{key}: needs {CONTENT[needed]}, the run's data are {CONTENT[kind]}; leave it out"
    for key in ("top_k", "top_p"):
        if task[key] is not None and not discrete:
            yield f"task.{key}={task[key]}: ranks levels, and the run's data are real numbers; use task.temperature"
    if task["condition"] is not None and not conditioned:
        yield f"task.condition={task['condition']}: the run was trained without labels; train with data.condition=true"
    if task["block"] is not None and task["sampler"] != "jacobi":
        yield f"task.block={task['block']}: of task.sampler=jacobi, this is {task['sampler']}; leave it out"
    if task["verify"] == task["sampler"]:
        yield f"task.verify={task['verify']}: is the sampler itself; choose another"
