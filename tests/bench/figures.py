# SPDX-License-Identifier: Apache-2.0
"""One line a figure: `name: value unit (what it is held against; how far it spread)`."""

import statistics


def show(name, value, unit, *notes):
    shown = value if isinstance(value, str) else f"{value:.3f}" if value < 1000 else f"{value:.0f}"
    remarks = "; ".join(note for note in notes if note)
    print(f"{name}: {shown} {unit}" + (f" ({remarks})" if remarks else ""), flush=True)


def show_median(name, values, unit, *notes):
    spread = f"{len(values)} rounds, {min(values):.3f} to {max(values):.3f}"
    show(name, float(statistics.median(values)), unit, *notes, spread)


def against(floor, stretch=None):
    return f"floor {floor}" + (f", stretch {stretch}" if stretch else "")


def mebibytes(size):
    return size / (1 << 20)
