"""A million patients: measures a slice, says how long a million take and how much memory, and runs all of them.

python scripts/million.py                                 measures a slice and extrapolates
python scripts/million.py --folder FOLDER [--resume]      simulates all, keeping finished shards in FOLDER
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pkpd
from pkpd import Endpoint, Summary

MILLION = 1_000_000
SLICE = 8192
SEED = 1
ENDPOINTS = (
    Endpoint.peak("treg_fold"),
    Endpoint.area("treg_fold", 0, 84),
    Endpoint.on("treg_fold", 84),
    Endpoint.days_above("treg_fold", 1.5),
    Endpoint.peak("nk_fold"),
)


def run(patients: int, folder: str | Path | None = None, **options: Any) -> Summary:
    """The index trial's regimen for patients drawn from the spreads of the reference parameters; 24 weeks, weekly."""
    asked = {"patients": patients, "seed": SEED, "outputs": ["treg", "nk", "il2"], "times": range(0, 169, 7)}
    return pkpd.summarise_many("he2020", "il2", **asked, endpoints=ENDPOINTS, folder=folder, **options)


def peak_mib() -> float:
    """The most memory this process, or any child that has ended, has held, in MiB."""
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, KiB elsewhere
    most = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return most * unit / 2**20


def measured(patients: int) -> dict[str, float]:
    """`million_slice` in this process, whose memory is then the slice's own."""
    with tempfile.TemporaryDirectory() as folder:
        run(8, Path(folder) / "warm")  # compiles, or reads what was compiled
        begin = time.perf_counter()
        found = run(patients, Path(folder) / "slice")
        seconds = time.perf_counter() - begin
    return {
        "patients": patients,
        "failed": found.failed,
        "cores": os.cpu_count() or 1,
        "seconds": seconds,
        "patients_a_second": patients / seconds,
        "peak_mib": peak_mib(),
        "million_seconds": seconds / patients * MILLION,
    }


def million_slice(patients: int = SLICE) -> dict[str, float]:
    """Simulate some patients with all cores, in a new process: patients, failed, cores, seconds, patients_a_second,
    peak_mib (memory), and million_seconds, the time a million take at that pace.
    """
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(measured, patients).result()


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def whole(patients: int, folder: Path, resume: bool) -> None:
    """Simulate all patients, keeping finished shards in a folder, and print the summary of the endpoints."""
    if folder.exists() and any(folder.iterdir()) and not resume:
        sys.exit(f"{folder} is not empty; go on with --resume, or choose another folder")
    begin = time.perf_counter()
    try:
        found = run(patients, folder, progress=pkpd.print_progress)
    except KeyboardInterrupt:
        sys.exit(f"\nstopped; the same command with --resume goes on from what {folder} keeps")
    seconds = time.perf_counter() - begin
    say(f"{patients} patients in {seconds:.0f} s, {found.failed} of them failed; peak memory {peak_mib():.0f} MiB")
    for endpoint in ENDPOINTS:
        low, middle, high = (float(found.quantile(endpoint, share)) for share in (0.05, 0.5, 0.95))
        say(f"{endpoint.name}: {middle:.4g} ({low:.4g} to {high:.4g}) {found.units[endpoint.name]}")
    say(f"median and 5 to 95 % of patients; {found.grid.text}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, default=MILLION, help="how many in all")
    parser.add_argument("--slice", type=int, default=SLICE, help="how many to measure first")
    parser.add_argument("--folder", type=Path, help="simulate all of them and keep finished shards here")
    parser.add_argument("--resume", action="store_true", help="go on from what the folder keeps")
    asked = parser.parse_args()
    found = million_slice(asked.slice)
    every = found["million_seconds"] * asked.patients / MILLION
    say(
        f"measured: {asked.slice} patients in {found['seconds']:.2f} s on {found['cores']} cores, "
        f"{found['patients_a_second']:.0f} patients a second, peak memory {found['peak_mib']:.0f} MiB"
    )
    say(f"extrapolated: {asked.patients} patients take {every:.0f} s ({every / 60:.1f} min)")
    if asked.folder:
        whole(asked.patients, asked.folder, asked.resume)


if __name__ == "__main__":
    try:
        main()
    except pkpd.PkpdError as error:
        sys.exit(str(error))
