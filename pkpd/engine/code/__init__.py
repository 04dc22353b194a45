"""From symbols to machine code: an arithmetic graph, its derivatives, one step, LLVM text, a store of object code."""
