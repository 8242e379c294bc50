# SPDX-License-Identifier: Apache-2.0
"""One line a figure: `name: value unit (what it is held against; how far it spread)`."""

import statistics


def shown(value):
    if isinstance(value, str):
        return value
    return f"{value:.3f}" if value < 1000 else f"{value:.0f}"


def show(name, value, unit, *notes):
    remarks = "; ".join(note for note in notes if note)
    print(f"{name}: {shown(value)} {unit}" + (f" ({remarks})" if remarks else ""), flush=True)


def show_ratio(name, over, under, *notes):
    """The median, over the rounds, of one over the other."""
    ratios = [above / below for above, below in zip(over, under)]
    spread = f"{len(ratios)} rounds, {min(ratios):.3f} to {max(ratios):.3f}"
    show(name, float(statistics.median(ratios)), "ratio", *notes, spread)


def against(floor, stretch=None):
    return f"floor {floor}" + (f", stretch {stretch}" if stretch else "")


def mebibytes(size):
    return size / (1 << 20)
