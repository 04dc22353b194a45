"""Parts of `scripts/benchmark.py`: cases, peers, reference, timing and the table.

Importing this pins every library to one thread, before any of them is loaded.
"""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"):
    os.environ[_name] = "1"
