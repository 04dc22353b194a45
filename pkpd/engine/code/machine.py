"""LLVM text to machine code of this processor, through llvmlite; and the kernel, which numba turns into LLVM text.

numba is needed only where the kernel has not been compiled yet, sympy only where the model has not: what they make is
stored as object code, which llvmlite alone loads in milliseconds.
"""

from __future__ import annotations

import ctypes
import logging
import platform
import threading
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm

from . import store
from .memory import ARRAYS

LOG = logging.getLogger("pkpd")
_ONE_AT_A_TIME = threading.RLock()
_ENTRY = "pkpd_run"


class Machine:
    """Loaded machine code: addresses of functions by name."""

    def __init__(self, code: bytes) -> None:
        with _ONE_AT_A_TIME:
            self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _target_machine())
            self._engine.add_object_file(llvm.ObjectFileRef.from_data(code))
            self._engine.finalize_object()

    def address(self, name: str) -> int:
        """Where a function begins."""
        return int(self._engine.get_function_address(name))


def compile_text(text: str) -> bytes:
    """Object code of LLVM text for this processor."""
    with _ONE_AT_A_TIME:
        return bytes(_target_machine().emit_object(llvm.parse_assembly(text)))


@lru_cache(maxsize=1)
def processor() -> str:
    """What object code depends on beside its text: the processor, and the compiler."""
    _target()
    return f"{llvm.get_host_cpu_name()} {llvm.get_host_cpu_features().flatten()} {_release('llvmlite')}"


@lru_cache(maxsize=1)
def kernel() -> Any:
    """The loop of `kernel.run` as machine code: a function that lets go of Python's lock while it runs."""
    with _ONE_AT_A_TIME:
        sources = [Path(__file__).with_name(file).read_bytes() for file in ("kernel.py", "lanes.py", "memory.py")]
        name = "kernel-" + store.key((*sources, platform.python_version(), _release("numba"), processor()))
        code = store.read(name)
        if code is None:
            LOG.info("compiling the stepping loop for this processor, once")
            code = _compiled_kernel()
            store.write(name, code)
        machine = Machine(code)
        pointer, whole, real = ctypes.c_void_p, ctypes.c_int64, ctypes.c_double
        shape = ctypes.CFUNCTYPE(ctypes.c_int, pointer, pointer, whole, whole, real, real, *[pointer] * len(ARRAYS))
        return machine, shape(machine.address(_ENTRY))


def _compiled_kernel() -> bytes:
    """Object code of the function behind numba's wrapper, which needs nothing of numba or Python when it runs."""
    from .kernel import compiled

    module = llvm.parse_assembly(compiled().inspect_llvm())
    entry = compiled().native_name.removeprefix("cfunc.")
    for function in module.functions:
        if function.name == entry:
            function.name = _ENTRY
        elif not function.is_declaration:
            function.linkage = "internal"  # what nothing calls any more falls away
    passes = llvm.create_new_module_pass_manager()
    passes.add_global_dead_code_eliminate_pass()
    passes.run(module, llvm.create_pass_builder(_target_machine(), llvm.create_pipeline_tuning_options()))
    return bytes(_target_machine().emit_object(module))


def _target_machine() -> Any:
    features = llvm.get_host_cpu_features().flatten()
    return _target().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=features, opt=2, codemodel="jitdefault", jit=True
    )


@lru_cache(maxsize=1)
def _target() -> Any:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple()


@lru_cache(maxsize=8)
def _release(package: str) -> str:
    return version(package)
