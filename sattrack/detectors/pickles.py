"""What a pickle of weights would call while it is read, told without reading it: tensors are made again, no layer is built."""

import pickle
import pickletools
from collections.abc import Iterator

# What torch.save writes calls of: these make tensors, numbers and plain containers again.
_DATA = {
    "__builtin__.set", "builtins.set", "__builtin__.bytearray", "builtins.bytearray", "__builtin__.complex", "builtins.complex",
    "collections.OrderedDict", "collections.Counter", "_codecs.encode", "torch.Size", "torch.device",
    "torch.serialization._get_layout", "torch._tensor._rebuild_from_type_v2", "torch.nn.parameter.Parameter",
    "numpy.dtype", "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar",
    # The network library reads these by a function of its own, which gives out methods of networks only.
    "__builtin__.getattr", "builtins.getattr",
    "ultralytics.utils.IterableSimpleNamespace", "ultralytics.yolo.utils.IterableSimpleNamespace",
    "pathlib.PosixPath", "pathlib.WindowsPath", "pathlib._local.PosixPath", "pathlib._local.WindowsPath",
}  # fmt: skip
_REBUILDS = "torch._utils._rebuild_"
_LAYERS = ("torch.nn.modules.", "ultralytics.nn.")
_KEEPS = ("SETITEM", "SETITEMS", "APPEND", "APPENDS", "BUILD")
_MARK = object()


def demand_data_only(stored: bytes) -> None:
    """UnpicklingError where reading the pickle would call anything that is not known to make data.

    torch's weights-only loader calls every class that it is told of, and the network library tells it of all its layers: one of
    them fetches a network from the internet when it is made, another reads a file of any name. Honest weights make layers
    without a call and fill them. Nor may a layer's class itself be kept, since what is kept may be called when pixels come.
    """
    for reason in _reasons(stored):
        raise pickle.UnpicklingError(reason)


def _reasons(stored: bytes) -> Iterator[str]:
    """Names on the stack are text, all else is None or the mark."""
    stack: list[object] = []
    memo: dict[object, object] = {}
    for op, arg, _ in pickletools.genops(stored):
        if op.name == "GLOBAL":
            stack.append(str(arg).replace(" ", "."))
        elif op.name == "MARK":
            stack.append(_MARK)
        elif op.name in ("BINPUT", "LONG_BINPUT"):
            memo[arg] = stack[-1]
        elif op.name in ("BINGET", "LONG_BINGET"):
            stack.append(memo[arg])
        else:
            taken = _pass(op, stack)
            if op.name == "REDUCE" and not _makes_data(taken[-1]):
                yield f"it would call {taken[-1] or 'what it makes itself'}"
            kept = [one for one in taken if op.name in _KEEPS and isinstance(one, str) and one.startswith(_LAYERS)]
            yield from (f"it keeps {one} to be called" for one in kept)


def _makes_data(called: object) -> bool:
    return isinstance(called, str) and (called in _DATA or called.startswith(_REBUILDS))


def _pass(op: pickletools.OpcodeInfo, stack: list[object]) -> list[object]:
    """Takes from the stack and puts on it as the operation would, forgetting what is made. What was taken, topmost first."""
    takes, taken = [kind.name for kind in op.stack_before], []
    if "mark" in takes:
        while (one := stack.pop()) is not _MARK:
            taken.append(one)
        takes = takes[: takes.index("mark")]
    taken += [stack.pop() for _ in takes]
    stack.extend([None] * len(op.stack_after))
    return taken
