"""Position: where in training a checkpoint lies, told so that Lightning goes on exactly there."""

from typing import Any


def between_batches(loops: dict[str, Any], batches_per_epoch: int | float) -> None:
    """Rewrites the loops' counters of a checkpoint as those of the moment before the next batch.

    Lightning (2.6) guesses from its counters in which hook a checkpoint was saved. After a batch that ends with a
    validation, or an epoch that does not, it guesses wrong: it leaves out the validation or trains a batch too many.
    The order of the data is kept by the DataModule alone.
    """
    fit = loops["fit_loop"]
    epochs, batches = fit["epoch_progress"], fit["epoch_loop.batch_progress"]
    for count in (batches["total"], batches["current"]):
        count["ready"] = count["started"] = count["completed"] = count["processed"]
    batches["is_last_batch"] = False
    is_whole = batches["current"]["processed"] >= batches_per_epoch
    for count in (epochs["total"], epochs["current"]):
        done = count["processed"] if is_whole else count["completed"]
        count |= {"ready": done + 1, "started": done + 1, "processed": done, "completed": done}
    if is_whole:
        batches["current"] |= dict.fromkeys(batches["current"], 0)
    fit["state_dict"]["combined_loader"] = []
