"""Decoded pictures on disk: one safetensors file for a dataset, written once and memory-mapped."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor
from tqdm import tqdm

from ..files import CacheFile, compute_digest, load_or_create
from ..terminal import redraws_lines
from .dataset import Dataset, add_fingerprint, start_digest
from .frame import Frame

CACHE_FORMAT_VERSION = 2
"""Increases when decoding or the file's layout changes, so that older files are not found."""
SAFETENSORS_DTYPES = {torch.int64: "I64", torch.float32: "F32", torch.uint8: "U8"}


class UndecodedDataset(NamedTuple):
    """A dataset before its pictures are decoded.

    Attributes:
        dataset: All that is known; x (n, c, h, w) is on torch's meta device, a shape alone.
        blocks: Its pixels in order, uint8 (m, c, h, w) each.
    """

    dataset: Dataset
    blocks: Iterable[np.ndarray]


def make_undecoded_dataset(
    blocks: Iterable[np.ndarray],
    shape: tuple[int, ...],
    y: np.ndarray | Tensor,
    classes: Sequence[str],
    name: str,
    attributes: Mapping[str, np.ndarray | Sequence[float]] | None = None,
    *,
    frame: Frame | None = None,
    notes: Sequence[str] = (),
) -> UndecodedDataset:
    """A dataset of images before they are decoded.

    Args:
        blocks: Pixels in order, uint8 (m, c, h, w) each.
        shape: (n, c, h, w) of all of them.
        y: Class indices (n,), -1 where blank.
        classes: Names of the classes.
        name: Name of the dataset.
        attributes: 0, 1, NaN or None for each row, by the attribute's name.
        frame: What becomes of every picture.
        notes: Sentences about what was guessed.
    """
    flags = np.stack(list(attributes.values()), 1).astype(np.float32) if attributes else None
    dataset = Dataset(
        x=torch.empty(shape, dtype=torch.uint8, device="meta"),
        y=torch.from_numpy(np.asarray(y).astype(np.int64)),
        classes=tuple(classes),
        name=name,
        fingerprint="",
        attributes=None if flags is None else torch.from_numpy(flags),
        attribute_names=tuple(attributes or ()),
        frame=frame,
        notes=tuple(notes),
    )
    return UndecodedDataset(dataset, blocks)


def make_cache_file(name: str, origin: str, source_state: str) -> CacheFile:
    """The cache file of a dataset.

    Args:
        name: Name of the dataset.
        origin: Where the pictures come from, and how they are prepared.
        source_state: State of their source when they are decoded.
    """
    return CacheFile(name, (CACHE_FORMAT_VERSION, origin), source_state)


def compute_files_digest(files: Iterable[Path], root: Path) -> str:
    """A digest that changes when a file comes, goes, or changes in name, size or time.

    There are two times: that of the content, which programs that copy files set as they like, and
    that at which the system saw the last change, which they cannot set.
    """
    stats = [(file.relative_to(root).as_posix(), file.stat()) for file in sorted(files)]
    return compute_digest(*((n, s.st_size, s.st_mtime_ns, s.st_ctime_ns) for n, s in stats))


def load_or_create_dataset(file: CacheFile, make: Callable[[], UndecodedDataset]) -> Dataset:
    """The cached dataset; where there is none that can be read, it is made and written.

    Files of older states of its source are deleted then.

    Raises:
        NotSaved: The cache cannot be written.
    """
    found = load_or_create(
        file, _read_dataset_file, lambda: partial(_write_tensors, make()), what="The decoded data"
    )
    return replace(found, name=file.label)


def load_newest_dataset(file: CacheFile) -> Dataset | None:
    """The dataset in the state in which it was last decoded; None if it never was."""
    states = map(_read_dataset_file, file.list_states())
    return next((replace(found, name=file.label) for found in states if found is not None), None)


def _read_dataset_file(path: Path) -> Dataset | None:
    """The dataset in a file, x memory-mapped; None if the file is missing or damaged.

    All is read once and compared with its digests.
    """
    try:
        with safe_open(path, framework="pt") as file:
            known = file.metadata()
            tensors = {k: file.get_tensor(k) for k in file.keys()}  # noqa: SIM118 (not a dict)
        if known["digest"] != compute_digest(known["examples"]):
            return None
        facts = json.loads(known["examples"])
        frame = facts.pop("frame")
        facts = {k: tuple(v) if isinstance(v, list) else v for k, v in facts.items()}
        found = Dataset(**facts, **tensors, frame=Frame(**frame) if frame else None)
    except (OSError, SafetensorError, KeyError, TypeError, ValueError):
        return None
    return found if add_fingerprint(found).fingerprint == found.fingerprint else None


def _write_tensors(undecoded: UndecodedDataset, file: BinaryIO) -> None:
    """Write header and tensors, block by block, in the layout of safetensors.

    The fingerprint is known only after the last block. All fingerprints have the same length, so
    the header with the right one takes the place of the first.
    """
    examples, digest = undecoded.dataset, start_digest(undecoded.dataset)
    file.write(_build_header(examples, digest.hexdigest()))
    for tensor in _collect_label_tensors(examples).values():
        file.write(tensor.numpy().tobytes())
    rows, title = 0, f"decoding {examples.name}, once"
    with tqdm(total=len(examples), desc=title, disable=not redraws_lines(), leave=False) as bar:
        for block in undecoded.blocks:
            block = np.ascontiguousarray(block)  # takes the place of the last: one is in memory
            digest.update(block.data)
            file.write(block.data)
            rows += len(block)
            bar.update(len(block))
    if rows != len(examples):
        raise OSError(f"only {rows} of {len(examples)} rows were decoded")
    file.seek(0)
    file.write(_build_header(examples, digest.hexdigest()))


def _build_header(dataset: Dataset, fingerprint: str) -> bytes:
    """The header of a safetensors file: its length in 8 bytes, then JSON padded to 8 bytes."""
    facts: dict[str, object] = {
        "classes": dataset.classes,
        "name": dataset.name,
        "fingerprint": fingerprint,
    }
    facts |= {"attribute_names": dataset.attribute_names, "notes": dataset.notes}
    facts["frame"] = None if dataset.frame is None else asdict(dataset.frame)
    text = json.dumps(facts)
    table: dict[str, object] = {"__metadata__": {"examples": text, "digest": compute_digest(text)}}
    start = 0
    for name, tensor in {**_collect_label_tensors(dataset), "x": dataset.x}.items():
        end = start + tensor.numel() * tensor.element_size()
        kind, shape = SAFETENSORS_DTYPES[tensor.dtype], list(tensor.shape)
        table[name] = {"dtype": kind, "shape": shape, "data_offsets": [start, end]}
        start = end
    header = json.dumps(table).encode()
    header += b" " * (-len(header) % 8)
    return len(header).to_bytes(8, "little") + header


def _collect_label_tensors(dataset: Dataset) -> dict[str, Tensor]:
    """The tensors beside x, the widest numbers first, as the layout demands."""
    attributes = dataset.attributes
    return {"y": dataset.y} | ({} if attributes is None else {"attributes": attributes})
