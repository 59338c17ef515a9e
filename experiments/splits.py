"""Tasks by the names of a family's splits, such as "test" and "test:0:50", also among numbers."""

from __future__ import annotations

from collections.abc import Mapping

from forethought.envs.family import shorten


def numbered(text: str, splits: Mapping[str, range], env_id: str) -> str:
    """The same tasks by their numbers: "test:0:50" of tasks 900 to 999 is "900:950".

    Numbers stay as they are; those behind a name count within its split. Raises ValueError: another name, or numbers
    that the split does not have.
    """
    return ",".join(part_by_number(part.strip(), splits, env_id) for part in text.split(","))


def part_by_number(part: str, splits: Mapping[str, range], env_id: str) -> str:
    """One part of a list of tasks, with a split name replaced by numbers. Raises ValueError: an unknown split."""
    name, colon, within = part.partition(":")
    if not name.isidentifier():
        return part
    if name not in splits:
        raise ValueError(
            f"{env_id} has no split {shorten(name)}; it has {', '.join(splits) or 'none'}; "
            "give one of these, as in test or test:0:50, or numbers, as in 0:50"
        )
    tasks = splits[name]
    if colon:
        tasks = part_of(tasks, within, part)
    stop, step = tasks.stop, tasks.step
    return f"{tasks.start}:{stop}" + (f":{step}" if step != 1 else "")


def part_of(tasks: range, within: str, part: str) -> range:
    """The tasks of a split in a part such as 0:50. Raises ValueError: no numbers, or numbers beyond the split."""
    try:
        bounds = [int(bound) for bound in within.split(":")]
        chosen = range(bounds[0], bounds[0] + 1) if len(bounds) == 1 else range(*bounds)
        if not chosen or not all(0 <= end < len(tasks) for end in (chosen[0], chosen[-1])):
            raise ValueError(f"this split has {len(tasks)} tasks")
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueError(
            f"cannot read the tasks {shorten(part)} ({error}); write SPLIT, SPLIT:START:STOP or SPLIT:START:STOP:STEP"
        ) from error
    return tasks[chosen.start : chosen.stop : chosen.step]
