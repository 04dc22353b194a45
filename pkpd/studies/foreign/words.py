"""What a row of a foreign table measured: its analyte, gate and form in words, as an output, form and unit here."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from ...units import IU_PER_MG
from .cells import plain

# The first rule that fits an analyte decides; "" is something the model has no output for.
_ANALYTES: tuple[tuple[str, str], ...] = (
    (r"\bi?nk-?t\b|natural killer t\b|il-?2[- ](producing|secreting)|\btfr\b|follicular", ""),
    (r"\bs-?\(?(cd25|il-?2-?\s?r)|soluble (cd25|il-?2|interleukin)", "scd25"),
    (r"eosin|\beos\b", "eosinophils"),
    (r"ki-?\s?67.*(\bnk|cd8|cd56|con\b|eff)|(\bnk|cd8|cd56|tcon|teff).*ki-?\s?67", ""),
    (r"ki-?\s?67|(proliferating|cycling|dividing) (treg|regulatory)", "ki67_treg"),
    (r"cd122|il-?2\s?r\s?(b\b|beta|β)", "cd122"),
    (r"cd25.* (nk|cd8|tcon|teff|conventional|effector)|cd25\+? ?(nk|cd56)", ""),
    (r"(cd25|il-?2\s?ra\b|il-?2\s?r\s?(alpha|α))\W*(mfi|expression|intensity|density|level|per |on |\Z)", "cd25"),
    (r"\Acd25\Z|(mfi|expression|intensity|density) (of |on )?cd25|il-?2 ?receptor alpha", "cd25"),
    (r"na[iï]ve|memory|resting|activated|cd45r|cd57|nkg2|nkp\d|granzyme|perforin|cd25\+? nk", ""),
    (r"t ?-?con\b|\btconv?s?\b|conventional|effector|teff|cd8|cd19|cd20|b[- ]cells?\b|\bth\d+|tfh|cd4\+?cd25-", ""),
    (r"monocyte|neutrophil|platelet|(il-?|interleukin-?)(4|5|6|7|8|10|12|15|17|18|21)\b|\bifn|\btnf", ""),
    (r"\bt-?reg|regulatory t|t[- ]regulatory|foxp3|cd25\W*(high|hi|bright)?\W*cd127", "treg"),
    (r"cd56\W*(bright|br\b|hi\b|high|\+\+)|nk\W*bright", "cd56bright"),
    (r"cd56\W*dim|nk\W*dim", "cd56dim"),
    (r"\bnks?\b|natural[- ]killer|cd3-?\W*cd(16|56)|\Acd56\+?\Z", "nk"),
    (r"\b(rh?)?(il|interleukin)[- ]?2\b|\brh?il-?2\b|aldesleukin|proleukin", "il2"),
)
_PERCENT = r"(?:percent(?:age)?|%|proportion|frequency|fraction|share)"
_OF = re.compile(rf"{_PERCENT}\s*(?:of|among|in|within)\s*(?:total |all |the |circulating )?([a-z0-9+ -]+)")
_CD4 = re.compile(
    r"(?:of|among|in|within|/|%)\s*(?:total |all |the )?cd4|cd4\+?\s*(?:%|percent)|\Acd4\+?( t)?( \w+)?\Z"
)
_LYMPHOCYTES = re.compile(r"lymphocyte|\blymph")
_COUNTS = {"ul": 1.0, "mm3": 1.0, "ml": 1e-3, "l": 1e-6}
_COUNT = re.compile(
    r"(?<![a-z])(?:(?:x ?)?(?:10\^?(\d)|(g|giga|mio|million))\s*)?(?:cells?|counts?|tregs?|nk)?\s*(?:/|per)\s*"
    r"(ul|mm\^?3|ml|l|microlit\w+|lit\w+)\b"
)
# Unit of a level -> what it is counted in, and how much of that it is.
_MASS = 1e-9 * IU_PER_MG
_LEVELS = {
    **{"pm": ("pM", 1.0), "pmol/l": ("pM", 1.0), "fmol/ml": ("pM", 1.0), "fm": ("pM", 1e-3)},
    **dict.fromkeys(("nm", "nmol/l", "pmol/ml"), ("pM", 1e3)),
    **{"iu/ml": ("IU/mL", 1.0), "iu/l": ("IU/mL", 1e-3), "kiu/l": ("IU/mL", 1.0)},
    **dict.fromkeys(("pg/ml", "ng/l"), ("mass", _MASS)),
    **dict.fromkeys(("ng/ml", "ug/l"), ("mass", 1e3 * _MASS)),
}
_LEVEL = re.compile(
    rf"(?<![\w/])({'|'.join(sorted(_LEVELS, key=len, reverse=True))})(?!\w)(?:[ *.x]*(h|hr|hours?|d|days?)\b)?"
)
_FALL = r"decrease|reduction|fall\b|drop\b|decline"
_RELATIVE = ("cd25", "cd122", "eosinophils")


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured; a printed number times `scale` is in `unit`. `reason` says why it cannot be predicted."""

    output: str = ""
    form: str = ""
    unit: str = ""
    scale: float = 1.0
    area: bool = False
    qualitative: bool = False
    note: str = ""
    reason: str = ""


def measured(analyte: str, gate: str, form: str) -> Measured:
    """What the three cells say together; never raises."""
    name, within, kind = plain(analyte).lower(), plain(gate).lower(), plain(form).lower()
    output, ratio = analyte_output(name or within, within)
    read = _form(kind, within)
    if not (name or within):
        return replace(read, reason="no analyte is named")
    if not output:
        return replace(read, reason=f"the model has no output for '{plain(analyte)[:60] or plain(gate)[:60]}'")
    read = replace(read, output=output)
    if read.reason:
        return read
    if ratio:
        return _ratio(read)
    if output in ("il2", "scd25"):
        return _level(read)
    if output in _RELATIVE:
        known = read.form in ("fold", "percent_change")
        return read if known else replace(read, reason=f"the model has {output} only relative to its own baseline")
    if output == "ki67_treg":
        return _share(read)
    return _cells(read, within, kind)


def analyte_output(name: str, gate: str) -> tuple[str, bool]:
    """The output an analyte stands for, "" for none, and whether the row is a ratio of Treg to the other CD4 cells."""
    both = f"{name} {gate}"
    if re.search(r"\bratio\b|treg\w*( cells?)?\s*[:/]\s*\w", both) and re.search(r"treg|regulatory", both):
        if re.search(r"cd8|\bnk\b|th\d+", both):
            return "", True
        if re.search(r"t ?-?con|teff|effector|conventional|foxp3-|non-?treg", both):
            return "treg_percent_cd4", True
    found = next((output for rule, output in _ANALYTES if re.search(rule, name)), "")
    wrong = found in ("cd25", "ki67_treg") and re.search(r"\bnk\b|cd56|cd8|tcon|teff|effector|conventional", gate)
    return ("" if wrong else found), False


def _form(kind: str, gate: str) -> Measured:
    """Form, unit and scale of the form's words; the output is still to come."""
    if re.search(r"direction|qualitative|trend", kind):
        return Measured(form="percent_change", unit="%", qualitative=True)
    if re.search(
        r"standardi[sz]ed|\bsmd\b|effect size|odds|hazard|correlation|\blog|z-?score|half|tmax|weeks|days", kind
    ):
        return Measured(reason=f"'{kind[:60]}' is no form that can be predicted")
    if re.search(r"points?\b", kind):
        return Measured(reason="a change in percentage points is no form that can be predicted")
    change = re.search(rf"change|increase|rise|gain|{_FALL}", kind)
    if change and re.search(r"percent|%", kind) and "fold" not in kind:
        return Measured(form="percent_change", unit="%", scale=-1.0 if re.search(_FALL, kind) else 1.0)
    if re.search(r"(percent|%)\s*of (the |its |their |own |individual )*(baseline|initial|pre)", kind):
        return Measured(form="fold", unit="1", scale=0.01, note="printed as percent of baseline")
    if re.search(r"fold|times (the |own |its )*baseline|(relative|ratio) to (the |own |its )*baseline|multiple", kind):
        return Measured(form="fold", unit="1")
    if change:
        return Measured(reason="an absolute change is no form that can be predicted")
    return _absolute(kind, gate)


def _absolute(kind: str, gate: str) -> Measured:
    """Forms that are not relative to a baseline."""
    units = re.sub(r"\s*/\s*", "/", kind)
    units = re.sub(r"\b(iu|[pf]mol|pg|ng)[ *.x]*(h|hr|hours?|d|days?)/(ml|l)\b", r"\1/\3 \2", units)
    if match := _LEVEL.search(units):
        base, scale = _LEVELS[match[1]]
        hours = 1.0 if not match[2] or match[2][0] == "h" else 24.0
        return Measured(form="level", unit=base, scale=scale * hours, area=bool(match[2]))
    if match := _COUNT.search(units):
        volume = (
            "ul" if match[3].startswith("micro") else "l" if match[3].startswith("lit") else match[3].replace("^", "")
        )
        power = int(match[1]) if match[1] else {"g": 9, "giga": 9, "mio": 6, "million": 6}.get(match[2] or "", 0)
        scale = float(f"{10.0**power * _COUNTS[volume]:.12g}")
        return Measured(form="count", unit="cells/uL", scale=scale, note="" if scale == 1 else f"printed in {kind}")
    if re.search(r"(?<![\w/])u/ml\b|units?/ml", units):
        return Measured(form="level", reason="a level in units that are not said to be IU cannot be compared")
    if "ratio" in kind:
        return Measured(form="ratio", unit="1")
    if re.search(r"percent|%|frequency|proportion", kind):
        return Measured(form="percent", unit="%")
    if re.search(r"fraction|share", kind):
        return Measured(form="percent", unit="%", scale=100.0, note="printed as a fraction")
    if re.search(r"count|absolute|number|cells", kind):
        return Measured(form="count", unit="cells/uL", note="the unit of the count is not said, cells/uL is assumed")
    if (
        kind in ("level", "concentration", "")
        and gate
        and gate != kind
        and _LEVEL.search(re.sub(r"\s*/\s*", "/", gate))
    ):
        return _absolute(gate, "")
    return Measured(reason=f"'{kind[:60]}' is no form that can be predicted" if kind else "no form is named")


def _ratio(read: Measured) -> Measured:
    """Treg over other CD4 T cells: the ratio itself, in which direction it went, or its fold."""
    if read.form in ("fold", "percent_change") and not read.qualitative:
        return replace(
            read, output="treg", note="other CD4 T cells stay flat here, so the ratio moves as the Treg count"
        )
    if read.form == "ratio" or read.qualitative:
        return replace(read, form="ratio", unit="1")
    return replace(read, reason="a ratio given so is no form that can be predicted")


def _level(read: Measured) -> Measured:
    """Concentrations: of IL-2 in pM or IU/mL, of soluble CD25 in pM."""
    if read.form in ("fold", "percent_change"):
        return read
    if read.form != "level" or (read.output == "scd25" and read.unit != "pM"):
        return replace(
            read, reason=f"a level of {read.output} is read in pM{', IU/mL or pg/mL' * (read.output == 'il2')}"
        )
    if read.unit == "mass":
        note = "printed as a mass, read at 1.1 mg = 18 MIU"
        read = replace(read, unit="IU/mL", note=note)
    output = "il2_iu_per_ml" if read.unit == "IU/mL" else read.output
    return replace(read, output=output, unit={"IU/mL": "IU*h/mL", "pM": "pM*h"}[read.unit] if read.area else read.unit)


def _share(read: Measured) -> Measured:
    """The share of Treg that are Ki67+, of 1 in the model."""
    if read.form == "percent":
        note = "printed in percent" if read.scale == 1 else ""
        return replace(read, form="level", unit="1", scale=read.scale / 100, note=note)
    known = read.form in ("fold", "percent_change")
    return read if known else replace(read, reason="Ki67 among Treg is a share, not a count or level")


def _cells(read: Measured, gate: str, kind: str) -> Measured:
    """Treg and NK cells: a count, or a percentage where the gate or the form names one."""
    if read.form in ("level", "ratio"):
        return replace(read, reason=f"{read.output} is a count or a percentage, not a {read.form}")
    if read.form == "count":
        return read
    own_form = "" if read.form in ("fold", "percent_change") else kind
    parent = _OF.search(gate) or _OF.search(own_form)
    is_percent = read.form == "percent" or bool(parent) or bool(re.search(_PERCENT, gate)) or bool(_CD4.search(gate))
    if not is_percent or (read.form != "percent" and "absolute" in gate):
        return read
    words = f"{gate} | {own_form}"
    said = parent[1].strip() if parent else ""
    known, of = {"treg": (_CD4, "CD4"), "nk": (_LYMPHOCYTES, "lymphocytes")}.get(read.output, (None, ""))
    if known is None or (said and not known.search(words) and not known.search(f"of {said}")):
        return replace(
            read, reason=f"the model has no output for {read.output} as a percentage of {said[:40] or 'others'}"
        )
    output = {"treg": "treg_percent_cd4", "nk": "nk_percent_lymphocytes"}[read.output]
    note = "" if known.search(gate) or known.search(f"of {said}") else f"the parent is not said, {of} is assumed"
    return replace(read, output=output, note="; ".join(filter(None, (read.note, note))))
