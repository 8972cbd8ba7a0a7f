"""A GPU that is not there: what mixes its tensors with those of the CPU is noticed without one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves


class RequireOneDevice(TorchFunctionMode):
    """Every function of torch is given tensors of one device, but for numbers without an axis."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        del types
        given = tree_leaves((args, kwargs))
        devices = {t.device for t in given if isinstance(t, Tensor) and t.ndim > 0}
        assert len(devices) < 2 or getattr(func, "__name__", "") == "to", (func, devices)
        return func(*args, **(kwargs or {}))


@contextmanager
def imagine_gpu() -> Iterator[torch.device]:
    """Inside, tensors have shapes and devices and no numbers, and this device stands for a GPU.

    "cuda" itself would not do: torch without CUDA takes no slice of such a tensor.
    """
    with FakeTensorMode(), RequireOneDevice():
        yield torch.device("meta")
