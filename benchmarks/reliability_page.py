"""docs/reliability.md, made of what the suites wrote: python benchmarks/reliability_page.py

Faults come from AUXGEN_FAULTS=results/reliability.faults.json make slow, changed inputs from
benchmarks/fuzzing.py and fuzzing_coverage.py, mutants from benchmarks/mutants.py, hours of work
from benchmarks/soak.py. A test holds the page to the files.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from pages import RESULTS, ROOT, describe_source, format_table

PAGE = ROOT / "docs" / "reliability.md"
PROMISES = {
    "A column of small or huge numbers is learned, a constant one is left out and told": (
        "data/test_table_models.py::test_numbers_of_any_size_come_to_mean_0_and_deviation_1",
        "data/test_table_models.py::test_a_constant_column_that_changes_later_changes_nothing",
    ),
    "Of two that start one run, one makes it and the other changes nothing": (
        "test_files.py::test_of_two_that_make_a_folder_one_succeeds",
    ),
    "A run that trains is not trained by a second process": (
        "faults/test_matrix.py::test_every_kind_of_stage_survives_every_kind_of_fault",
    ),
    "No Python file is run because it lies in a run": (
        "cli/test_own_method.py::test_a_run_of_ours_never_runs_a_file_that_lies_in_it",
        "cli/test_own_method.py::test_a_file_that_a_run_was_not_made_from_is_never_run",
        "cli/test_own_method.py::test_compiled_code_beside_a_runs_file_is_never_run",
    ),
    "A run goes on with as many ranks as it began with": (
        "engine/test_resume.py::"
        "test_another_number_of_ranks_is_refused_before_the_first_checkpoint_too",
    ),
    "The log of a stopped run is that of an undisturbed one": (
        "engine/test_resume.py::test_the_log_of_a_stopped_run_is_that_of_an_undisturbed_one",
    ),
    "A file that lies about sizes takes neither memory nor time": (
        "test_artefact.py::test_a_config_that_lies_is_refused_in_a_sentence",
        "estimators/test_saving.py::test_what_save_did_not_write_is_refused",
    ),
    "What is not finite is named: term, player, step, layer; the column, row or picture to blame": (
        "engine/test_loop.py::"
        "test_a_term_that_is_not_finite_ends_training_by_name_and_is_not_saved",
        "runs/test_bad_layer.py::test_the_first_layer_is_named",
        "runs/test_divergence.py::test_the_one_column_that_makes_a_run_diverge_is_named",
        "runs/test_bad_row.py::test_the_row_of_a_table_is_named_as_it_is_counted",
        "runs/test_bad_row.py::test_a_picture_is_named_by_its_file",
    ),
    "A divergence ends with the command of a new start, which trains": (
        "runs/test_remedies.py::test_before_the_first_checkpoint_it_starts_anew",
        "runs/test_remedies.py::test_after_a_checkpoint_it_starts_there",
    ),
    "A round that does not fit in memory ends with a batch that does": (
        "runs/test_memory.py::test_the_command_that_is_offered_trains",
        "runs/test_memory.py::test_a_real_allocator_that_refuses",
    ),
    "Divergence that stays finite is told at the end of training and in the report": (
        "runs/test_extremes.py::test_it_is_told_kept_and_shown",
    ),
    "Bad input ends in one sentence and status 2": (
        "test_benchmark_fuzzing.py::test_a_sample_of_every_kind_is_used_or_refused",
        "test_errors.py::test_a_name_of_any_letters_leaves_one_line",
    ),
    "Every numeric option has a range": ("test_ranges.py::test_defaults_are_in_range",),
    "A full disk leaves whole files or none": (
        "cli/test_bad_input.py::test_a_full_disk_leaves_whole_files_or_none",
        "faults/test_matrix.py::test_every_command_survives_every_kind_of_fault_at_every_event",
    ),
    "A changed byte of the cache is noticed; what dead processes left is swept": (
        "data/test_cache.py::test_any_changed_byte_of_a_cached_file_is_noticed",
        "test_files.py::test_what_killed_processes_left_is_swept_by_the_next_write",
    ),
    "A cell or a name never becomes a formula of a spreadsheet": (
        "data/test_table_models.py::test_no_spreadsheet_runs_a_cell",
    ),
}
"""What is promised, and the tests below tests/ that hold it."""


def write_page() -> str:
    """The page's text."""
    parts = [
        "# Reliability",
        "What was tried against auxgen, and what came of it; made by "
        "`python benchmarks/reliability_page.py` from files under `results/`. What is promised of "
        "the files of others stands in `SECURITY.md`, what to do when it goes wrong in "
        "[failures](guides/failures.md).",
        *(part for section in SECTIONS for part in describe_section(*section)),
        "## What holds it",
        *describe_promises(),
    ]
    return "\n\n".join(parts) + "\n"


Describe = Callable[[Mapping[str, Any]], Iterator[str]]
"""Takes what a suite wrote; yields paragraphs."""


def describe_section(title: str, name: str, command: str, describe: Describe) -> Iterator[str]:
    """A suite's heading, and what it wrote, or the command that makes it."""
    yield f"## {title}"
    file = RESULTS / f"reliability.{name}.json"
    if file.exists():
        yield from describe(json.loads(file.read_text()))
    else:
        yield f"Not measured yet: `{command}`."


def describe_fuzzing(known: Mapping[str, Any]) -> Iterator[str]:
    """Changed inputs by kind."""
    yield (
        f"{known['inputs']:,} files and options, made of valid ones by a seed, were used or "
        f"refused in one sentence, but {known['faults']}. By Python's audit events none wrote "
        "outside its folder, started a process, opened a connection or chose an import. "
        + describe_source(known, "reliability.fuzzing")
        + (f" Of this record: {known['note']}." if "note" in known else "")
    )
    rows = []
    for kind, each in known["kinds"].items():
        used, refused = each.get("used", 0), each.get("refused", 0)
        rows.append((kind, f"{used:,}", f"{refused:,}", each.get("fault", 0)))
    yield format_table(("kind", "used", "refused", "faults"), rows)
    again = [fault["since"] for fault in known["first faults"] if "since" in fault]
    if again:
        left = sum(since["outcome"] == "fault" for since in again)
        commits = " and ".join(sorted({str(since["commit"]) for since in again}))
        yield (
            f"Causes were mended: of {len(again)} faults, made again at {commits}, {left} are left."
        )


def describe_coverage(known: Mapping[str, Any]) -> Iterator[str]:
    """Inputs that coverage chose."""
    yield (
        f"{known['inputs']:,} more were made by atheris, which keeps what takes new branches of "
        f"auxgen and changes that again; {known['faults']} ended otherwise than above. "
        + describe_source(known, "reliability.coverage")
    )
    rows = []
    for kind, each in known["kinds"].items():
        numbers = (each["inputs"], each["branches at first"], each["branches"])
        rows.append((kind, *(f"{n:,}" for n in numbers)))
    yield format_table(("kind", "inputs", "branches, first 20", "branches, all"), rows)


def describe_mutants(known: Mapping[str, Any], file: str = "mutants") -> Iterator[str]:
    """Changed tokens of the mathematics: what tests noticed at first sight, and today."""
    killed, survived, late = known["killed"], known["survived"], known["timeouts"]
    yield (
        f"Of {known['tried']} changes, drawn from {known['possible']:,} possible ones in methods, "
        "functions, measures and the engine by a seed that was fixed beforehand, tests noticed "
        f"{killed} of {killed + len(survived)} that were decided at first sight, "
        f"{known['killed share of decided']:.1%}, and {len(late)} reached the limit of processor "
        f"time. Without those that change nothing that can be seen it is "
        f"{known['killed share without equivalents']:.1%}, where 95 % is the aim. "
        + describe_source(known, f"reliability.{file}")
        + (f" Tried in {known['note']}." if "note" in known else "")
    )
    missed, now = [*survived, *late], known["today"]
    others = [m for m in missed if not m.get("equivalent")]
    again = [m["since"] for m in others if "since" in m]
    if again:
        commits = ", ".join(sorted({str(since["commit"]) for since in again}))
        decided = now["killed"] + now["survived"]
        yield (
            f"{len(again)} that were missed or undecided were tried again at {commits}, with tests "
            "that were written for what was missed, so that this is no fresh sample: "
            f"{now['killed']} of {decided} are noticed now, "
            f"{now['killed share without equivalents']:.1%}; {now['timeout']} are undecided, and "
            f"the code of {now['gone']} is written otherwise now."
        )
    states = {"survived": "Not noticed yet:", "timeout": "Not decided yet:"}
    for state, title in states.items():
        left = [m for m in others if m.get("since", m)["outcome"] == state]
        if left:
            yield title
            yield "\n".join(
                f"- `{m['file']}:{m['line']}`: {m['change']}"
                + (f" ({m['because']})" if "because" in m else "")
                for m in left
            )
    same = [m for m in missed if m.get("equivalent")]
    if same:
        yield "These change nothing that can be seen:"
        yield "\n".join(f"- `{m['file']}:{m['line']}`: {m['equivalent']}" for m in same)


def describe_faults(known: Mapping[str, Any]) -> Iterator[str]:
    """Kills, signals, full disks and the like."""
    yield (
        f"{known['tried']:,} faults were tried, each at a write, a rename, a flush or another "
        f"event of a file, counted beforehand; {known['survived']:,} were survived: the run went "
        "on to the same bits and the same log, no file was half, and nothing was left behind. All "
        f"of them took {known['seconds'] / 60:.0f} minutes. "
        + describe_source(known, "reliability.faults")
    )
    kinds = known["kinds"].items()
    rows = [(kind, f"{each['tried']:,}", f"{each['survived']:,}") for kind, each in kinds]
    yield format_table(("fault", "tried", "survived"), rows)
    for what, title in (("mended", "Found and mended"), ("not_tried", "Not tried in this record")):
        if known.get(what):
            yield f"{title}: {'; '.join(known[what])}."


def describe_soak(known: Mapping[str, Any]) -> Iterator[str]:
    """Memory, handles and folders over hours."""
    yield (
        f"{known['hours']:.1f} hours: one process trained, with checkpoints, log and monitor; "
        f"another loaded models and used them {known['passes']:,} times (predictions, samples, "
        "edits, commands, an estimator's fit, rows to refuse). Medians of the first and the last "
        "half, after a tenth of the time to settle; the log is left out of the folder. "
        + describe_source(known, "reliability.soak")
    )
    columns = ("first half", "last half", "most")
    rows = [
        (process, SOAK_WORDS[name], *(f"{each[column]:,g}" for column in columns))
        for process, measures in known["processes"].items()
        for name, each in measures.items()
    ]
    yield format_table(("process", "what", *columns), rows)


def describe_suite(
    known: Mapping[str, Any], tests: str = "fast tests", file: str = "suite"
) -> Iterator[str]:
    """What the fast or the slow tests cost, in all and where most of it goes."""
    files, shown = known["files"], 12
    most = list(files.items())[:shown]
    yield (
        f"The {tests} take {known['processor_seconds']:,.0f} seconds of a processor, of which "
        f"{known['start_and_collection']:,.0f} are starts and collection, and took "
        f"{known['clock_seconds']:,} by the clock on {known['cores']} cores, which "
        f"{known['processes_that_wanted_a_core']:g} processes wanted; {len(files)} files, of which "
        f"these take the most. " + describe_source(known, f"reliability.{file}")
    )
    yield format_table(("file", "seconds"), [(name, f"{seconds:.1f}") for name, seconds in most])


def describe_slow_suite(known: Mapping[str, Any]) -> Iterator[str]:
    """What the slow tests cost that are no faults."""
    yield from describe_suite(known, "slow tests, without the faults,", "slow_suite")


SOAK_WORDS = {
    "resident_mb": "memory in use, MB",
    "handles": "open files and sockets",
    "threads": "threads",
    "folder_mb": "folder, MB",
    "files": "files in the folder",
}


def describe_promises() -> Iterator[str]:
    rows = [
        (promise, ", ".join(f"`{test}`" for test in tests)) for promise, tests in PROMISES.items()
    ]
    yield format_table(("promise", "tests"), rows)


FRESH = (
    ("anew", "mutants_fresh", "--seed 23 --mutants 100"),
    ("a third time", "mutants_third", "--seed 24 --mutants 100"),
    ("a fourth time", "mutants_fourth", "--seed 25 --mutants 300"),
)
"""When another sample of changed tokens was drawn, the name of its file, and how."""
SECTIONS = (
    ("Faults", "faults", "AUXGEN_FAULTS=FILE make slow", describe_faults),
    ("Changed inputs", "fuzzing", "make fuzz", describe_fuzzing),
    ("Inputs chosen by coverage", "coverage", "make fuzz-guided", describe_coverage),
    ("Changed tokens", "mutants", "make mutants", describe_mutants),
    *(
        (
            *(f"Changed tokens, drawn {when}", file, f"python benchmarks/mutants.py OUT {how}"),
            partial(describe_mutants, file=file),
        )
        for when, file, how in FRESH
    ),
    ("Hours of work", "soak", "python benchmarks/soak.py", describe_soak),
    ("Time of the fast tests", "suite", "python benchmarks/suite.py OUT", describe_suite),
    (
        "Time of the slow tests",
        "slow_suite",
        "python benchmarks/suite.py OUT -m slow --ignore=tests/faults",
        describe_slow_suite,
    ),
)
"""Title, name of the file, command, and what describes it."""


if __name__ == "__main__":
    PAGE.write_text(write_page())
    print(PAGE)
