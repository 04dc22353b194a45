"""The page that holds LaTeX of ours: what stands before and after, tables over pages, and equations over lines."""

from __future__ import annotations

from collections.abc import Sequence

from .equations import BY
from .text import escape

_GAP = 0.01  # between columns, of the width of a line
_HEAD = rf"""\documentclass[a4paper,10pt]{{article}}
\usepackage[margin=2cm]{{geometry}}
\usepackage{{amsmath,array,longtable}}
\setlength{{\parindent}}{{0pt}}
\setlength{{\parskip}}{{7pt}}
\setlength{{\lineskip}}{{4pt}}\setlength{{\lineskiplimit}}{{4pt}}
\binoppenalty=10000 \relpenalty=10000 % lines of mathematics break where we say, before + and -
{BY}
\newcommand{{\equationline}}[2]{{{{\raggedright\hangindent=3em\hangafter=1
  \setbox0\hbox{{\small #2}}$\displaystyle #1$\nobreak\hfill\penalty0\hskip2em\hbox{{}}\nobreak\hfill
  \ifdim\wd0<.9\linewidth\box0\else{{\small #2}}\fi\par}}}}
\newcommand{{\keeptogether}}{{\par\vskip0pt plus 8\baselineskip\penalty-200\vskip0pt plus -8\baselineskip}}
\renewcommand{{\arraystretch}}{{1.15}}
"""


def page(title: str, body: str) -> str:
    """A document that pdflatex compiles with the packages of a small TeX installation."""
    return f"{_HEAD}\\begin{{document}}\n{{\\Large\\bfseries {escape(title)}\\par}}\n\n{body}\n\\end{{document}}\n"


def section(title: str, parts: Sequence[str]) -> str:
    """A headed section of LaTeX parts; empty without parts."""
    return "\n".join((rf"\keeptogether\section*{{{title}}}", *parts, "")) if parts else ""


def equation(left: str, right: str, note: str) -> str:
    """An equation that breaks over lines, and at the right what it is about."""
    return f"\\equationline{{{left} = {right}}}{{{note}}}"


def table(titles: Sequence[str], widths: Sequence[float], rows: Sequence[Sequence[str]]) -> str:
    """Rows of LaTeX cells as a longtable; widths are shares of the line and add up to less than 1 with the gaps."""
    column = r">{{\raggedright\arraybackslash\hspace{{0pt}}}}p{{{width:g}\linewidth}}"
    columns = f"@{{\\hspace{{{_GAP}\\linewidth}}}}".join(column.format(width=w) for w in widths)
    head = " & ".join(rf"\textbf{{{title}}}" for title in titles) + r" \\ \hline"
    lines = [
        rf"\begingroup\footnotesize\hyphenpenalty=10000\begin{{longtable}}{{@{{}}{columns}@{{}}}}",
        head,
        r"\endhead",
    ]
    lines += [" & ".join(row) + r" \\" for row in rows]
    return "\n".join((*lines, r"\end{longtable}\endgroup", ""))
