"""All that relies on private names of numba, apart from the kernels on disk (disk_cache.py).

Where a name is missing, as in another version of numba, kernels are slower or compiled in every process, but correct, and a warning
says so once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numba
from llvmlite import ir
from numba import types

from fastdln.kernels.warn import tell_once

# Private names of numba, which may change without notice.
FLAG, TEMPLATE, ADD = "noalias", "get_call_template", "add_ir_module"
FINISH = ("_optimize_final_module", "_finalize_final_module", "_finalized", "no_compile")
# In names of functions that LLVM is to leave where they are.
APART = "kept_apart_"
CONVENTION = ("get_function_type", "_get_arg_packer", "_get_return_status", "return_status_propagate")


@cache
def wide_vectors() -> Any:
    """A class of numba's code libraries whose loops use the longest vectors that the processor has.

    On most processors with AVX-512 LLVM uses vectors of half that length, for the sake of programs that use the longest now and then
    only.
    """
    from numba.core.codegen import JITCodeLibrary

    if not hasattr(JITCodeLibrary, ADD):
        tell_once("kernels may take shorter vectors than the processor has", f"numba has no {ADD}")
        return JITCodeLibrary

    class Wide(JITCodeLibrary):
        def add_ir_module(self, module: Any) -> None:
            for function in module.functions:
                if function.blocks and APART in function.name:
                    function.attributes.discard("alwaysinline")
                    function.attributes.add("noinline")
                if function.blocks:  # set's own add, since llvmlite's knows no attributes with values
                    set.add(function.attributes, '"prefer-vector-width"="512"')
            super().add_ir_module(module)

    return Wide


@cache
def noalias() -> dict[str, Any]:
    """Options of a kernel whose pointers never overlap (noalias): no checks before each loop, and half the code.

    Kernels that are given arrays are compiled as usual, since two arrays may share the memory that counts their references.
    """
    try:
        from numba.core.compiler import Compiler

        machine_code = wide_vectors()
    except ImportError as error:
        tell_once("kernels are compiled with checks of their memory, and slower", str(error))
        return {}

    class Apart(Compiler):
        def __init__(self, typing: Any, target: Any, library: Any, arguments: Any, *others: Any) -> None:
            library = machine_code(target.codegen(), "kernel")
            library.enable_object_caching()
            super().__init__(typing, target, library, arguments, *others)
            plain = all(isinstance(kind, types.CPointer | types.Number | types.Boolean) for kind in arguments)
            if hasattr(self.state.flags, FLAG):
                setattr(self.state.flags, FLAG, plain)
            else:
                tell_once("kernels are compiled with checks of their memory, and slower", f"numba has no flag {FLAG}")

    return {"pipeline_class": Apart}


@cache
def inline_only() -> dict[str, Any]:
    """Options of a function that is only compiled into others: it is optimized and turned into machine code there alone.

    numba would do both for the function itself as well, and so for what it contains once for every function around it.
    """
    try:
        from numba.core.codegen import JITCodeLibrary
        from numba.core.compiler import Compiler, Flags
    except ImportError as error:
        tell_once("kernels take longer to compile", str(error))
        return {}
    if missing := [name for name in FINISH if not hasattr(JITCodeLibrary, name) and not hasattr(Flags, name)]:
        tell_once("kernels take longer to compile", f"numba has no {', '.join(missing)}")
        return {}

    machine_code: Any = wide_vectors()

    class Part(machine_code):  # type: ignore[misc]  # which class is known when it runs
        def _optimize_final_module(self) -> None:
            pass

        def _finalize_final_module(self) -> None:
            self._finalized = True

    class InlineOnly(Compiler):
        def __init__(self, typing: Any, target: Any, library: Any, *others: Any) -> None:
            super().__init__(typing, target, Part(target.codegen(), "part"), *others)
            self.state.flags.no_compile = True  # or numba would ask for its address

        def compile_extra(self, function: Any) -> Any:
            made = super().compile_extra(function)
            # a key under which numba knows it, and which is never called: it has to be a C function, and unique
            key: Any = [].append
            self.state.targetctx.insert_user_function(key, made.fndesc, [made.library])
            return made._replace(entry_point=key)

    return {"pipeline_class": InlineOnly}


@cache
def by_convention() -> bool:
    """Whether kernels can call each other by numba's calling convention, which passes exceptions on; else they use that of C."""
    try:
        from numba.core import callconv

        missing = [name for name in CONVENTION if not hasattr(callconv.CPUCallConv, name)]
    except (ImportError, AttributeError) as error:
        missing = [str(error)]
    if missing:
        tell_once(
            "kernels are compiled in every process, and what is raised in one is lost",
            f"numba's calls have no {', '.join(missing)}",
        )
    return not missing


def address_of(kernel: Any, signature: Sequence[Any]) -> int:
    """The address of a kernel's machine code for this signature, for `call`; it is compiled if it was not."""
    if not by_convention():
        return int(in_c(kernel, tuple(signature)).address)
    kernel.compile(tuple(signature))
    result = kernel.overloads[tuple(signature)]
    return int(result.library.get_pointer_to_function(result.fndesc.llvm_func_name))


@cache
def in_c(kernel: Any, signature: tuple[Any, ...]) -> Any:
    """The kernel as a C function."""
    options = {name: kernel.targetoptions[name] for name in ("fastmath", "error_model")}
    return numba.cfunc(types.void(*signature), **options)(kernel.py_func)


def call(context: Any, builder: Any, address: Any, kinds: Sequence[Any], values: Sequence[Any]) -> None:
    """Write LLVM code that calls the kernel at an address, which returns nothing; by_convention, an exception goes on to the caller."""
    if not by_convention():
        function = ir.FunctionType(context.get_value_type(types.none), [context.get_value_type(kind) for kind in kinds])
        builder.call(builder.inttoptr(address, function.as_pointer()), values)
        return
    convention = context.call_conv
    target = convention.get_function_type(types.none, list(kinds)).as_pointer()
    with builder.goto_entry_block():
        returned, raised = (builder.alloca(target.pointee.args[k].pointee) for k in (0, 1))
    arguments = convention._get_arg_packer(list(kinds)).as_arguments(builder, list(values))
    code = builder.call(builder.inttoptr(address, target), [returned, raised, *arguments])
    status = convention._get_return_status(builder, code, builder.load(raised))
    with builder.if_then(status.is_error, likely=False):
        convention.return_status_propagate(builder, status)


def for_variables(dispatcher: Any) -> Any:
    """The dispatcher, compiled once for constants and variables alike: numba would compile it for each constant argument."""
    resolve: Callable[..., Any] | None = getattr(dispatcher, TEMPLATE, None)
    if resolve is None:
        tell_once("kernels are compiled more than once", f"numba's dispatchers have no {TEMPLATE}")
        return dispatcher
    setattr(dispatcher, TEMPLATE, lambda arguments, named: resolve(tuple(map(types.unliteral, arguments)), named))
    return dispatcher
