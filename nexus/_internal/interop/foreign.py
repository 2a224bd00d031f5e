"""Arrays of other libraries as NumPy arrays that share their memory, where it is the host's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nexus._internal.interop import dlpack

if TYPE_CHECKING:
    import numpy.typing as npt

_HOSTS = (1,)  # device types of dlpack.h whose memory the host reads: kDLCPU
_DEVICES = {
    2: "CUDA", 3: "pinned CUDA", 4: "OpenCL", 7: "Vulkan", 8: "Metal", 10: "ROCm",
    11: "pinned ROCm", 13: "managed CUDA", 14: "oneAPI",
}  # fmt: skip


def host_array(data: Any, name: str) -> npt.NDArray[Any] | None:
    """Return the memory of an array of another library; None when it is not such an array.

    Raises:
        TypeError: the memory is not the host's.
    """
    if hasattr(data, "__dlpack__") and hasattr(data, "__dlpack_device__"):
        kind, _ = data.__dlpack_device__()
        if int(kind) not in _HOSTS:
            _refuse(name, data, _DEVICES.get(int(kind), f"DLPack device {int(kind)}"))
        return dlpack.array_of(data)
    if hasattr(data, "__cuda_array_interface__"):
        _refuse(name, data, "CUDA")
    if hasattr(data, "__array_interface__"):
        return np.asarray(data)
    return None


def _refuse(name: str, data: object, where: str) -> None:
    raise TypeError(
        f"{name} is a {type(data).__module__}.{type(data).__name__} in {where} memory, which this "
        "call cannot reach; use a device of that runtime, or copy it to the host first"
    )
