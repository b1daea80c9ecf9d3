"""Labels: the overrides that tell the configurations of a sweep apart."""

from collections.abc import Sequence

from ar_lab.runs.differences import is_place
from ar_lab.sweeps.identity import REPLICATES, key_of
from ar_lab.sweeps.records import Record


def overrides_by_key(overrides: Sequence[str]) -> dict[str, str]:
    """Key: the override that counts, which is the last one."""
    return {key_of(override): override for override in overrides}


def varying(records: Sequence[Record]) -> list[str]:
    """The keys in which the jobs differ, in the line's order, but for those that make replicates or are places."""
    jobs = [overrides_by_key(record.overrides) for record in records]
    keys = dict.fromkeys(key for job in jobs for key in job)
    telling = [key for key in keys if key not in REPLICATES and not is_place(key)]
    return [key for key in telling if len({job.get(key) for job in jobs}) > 1]


def label(record: Record, keys: Sequence[str]) -> list[str]:
    """A job's overrides of those keys; its model and data where there are none."""
    of_key = overrides_by_key(record.overrides)
    return [of_key[key] for key in keys if key in of_key] or record.name.split()
