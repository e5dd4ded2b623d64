"""Where a network is trained, and how exactly: the same numbers from the same run, in mixed precision on a GPU."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


def device() -> torch.device:
    """Return the GPU where there is one."""
    import torch

    if not torch.cuda.is_available():
        return torch.device("cpu")
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # without which cuBLAS is not deterministic
    return torch.device("cuda")


@contextmanager
def deterministic() -> Iterator[None]:
    """Let torch use deterministic algorithms alone, and leave its settings as they were.

    It then also fills all memory that it allocates, against programs that read what they have not written; nothing here
    does, and it takes half of the time on activations.
    """
    import torch

    algorithms = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    memory: Any = torch.utils.deterministic
    filled = memory.fill_uninitialized_memory
    torch.use_deterministic_algorithms(True, warn_only=torch.cuda.is_available())
    memory.fill_uninitialized_memory = False
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(algorithms[0], warn_only=algorithms[1])
        memory.fill_uninitialized_memory = filled


def mixed_precision() -> AbstractContextManager[Any]:
    """Train in bfloat16, which needs no scaling of losses, on a GPU that has it; in float32 elsewhere.

    What is said of an image (probabilities, embeddings) is computed in float32 everywhere: bfloat16 moves a probability
    by .01 to .02, enough to name another class than the ONNX file of the same network does.
    """
    import torch

    mixed = torch.cuda.is_available() and torch.cuda.is_bf16_supported()
    return torch.autocast(device().type, dtype=torch.bfloat16, enabled=mixed)


def single_precision() -> AbstractContextManager[Any]:
    """Compute in float32 within a step of training too."""
    import torch

    return torch.autocast(device().type, enabled=False)
