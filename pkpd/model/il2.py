"""The reference model `il2`: subcutaneous or intravenous IL-2, Treg, NK cells and eosinophils, one block a line."""

from __future__ import annotations

from .blocks.absorption import absorption
from .blocks.disposition import disposition, free_il2
from .blocks.eosinophils import eosinophils
from .blocks.nk import nk_bright, nk_dim, nk_in_blood
from .blocks.treg import shed_cd25, treg_cycle, treg_in_blood, treg_receptors
from .declaration import Model
from .grammar import build

BLOCKS = (
    absorption,
    disposition,
    free_il2,
    treg_receptors,
    treg_cycle,
    treg_in_blood,
    shed_cd25,
    nk_bright,
    nk_dim,
    nk_in_blood,
    eosinophils,
)


def il2() -> Model:
    """Nineteen states in hours. Every signal acts above its drug-free value, so rest is exactly the declared baseline.

    Outside about 0.1 to 3 MIU/m2 a day the model extrapolates. Counts alone cannot say whether density feedback, loss
    of CD122 or faster clearance makes the Treg plateau; all three are here, and the share of each is mostly assumed.
    """
    meaning = "IL-2 pharmacokinetics with Treg, NK and eosinophil responses"
    return build("il2", *BLOCKS, time="h", meaning=meaning, parameters="il2")
