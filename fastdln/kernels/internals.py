"""What rests on names that numba keeps to itself, beside the kernels on disk (cache.py).

Where a name is missing, as in some other version of numba, kernels are slower or compiled in every process, but right; the program
says so once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from numba import types

from fastdln.kernels.warn import tell_once

# Names that numba may change without a word.
FLAG, TEMPLATE = "noalias", "get_call_template"


@cache
def apart() -> dict[str, Any]:
    """Options of a kernel no two of whose pointers lead to the same memory: no checks before each loop, and half the code.

    Kernels that are given arrays are compiled as always, since two of these may share what counts their references.
    """
    try:
        from numba.core.compiler import Compiler
    except ImportError as error:
        tell_once("kernels are compiled with checks of their memory, and slower", str(error))
        return {}

    class Apart(Compiler):
        def __init__(self, typing: Any, target: Any, library: Any, arguments: Any, *others: Any) -> None:
            super().__init__(typing, target, library, arguments, *others)
            plain = all(isinstance(kind, types.CPointer | types.Number | types.Boolean) for kind in arguments)
            if hasattr(self.state.flags, FLAG):
                setattr(self.state.flags, FLAG, plain)
            else:
                tell_once("kernels are compiled with checks of their memory, and slower", f"numba has no flag {FLAG}")

    return {"pipeline_class": Apart}


def address_of(kernel: Any, signature: Sequence[Any]) -> int:
    """Where the code of a kernel for this signature lies, once it is compiled."""
    result = kernel.overloads[tuple(signature)]
    return int(result.library.get_pointer_to_function(result.fndesc.llvm_func_name))


def call(context: Any, builder: Any, address: Any, kinds: Sequence[Any], values: Sequence[Any]) -> None:
    """Calls the kernel at an address, which returns nothing, by numba's own convention: an exception goes on through the caller."""
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
    """The dispatcher, compiled once for constants and variables: numba would do so for each constant that it is called with."""
    resolve: Callable[..., Any] | None = getattr(dispatcher, TEMPLATE, None)
    if resolve is None:
        tell_once("kernels are compiled more than once", f"numba's dispatchers have no {TEMPLATE}")
        return dispatcher
    setattr(dispatcher, TEMPLATE, lambda arguments, named: resolve(tuple(map(types.unliteral, arguments)), named))
    return dispatcher
