"""Draws docs/period_doubling.png from the store that `fastdln run sweeps/period_doubling.toml` writes; needs matplotlib."""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import fastdln

ds = fastdln.open(sys.argv[1] if len(sys.argv) > 1 else "period_doubling.zarr")
figure, axes = plt.subplots(1, 3, figsize=(12, 3.8), layout="constrained", sharey=True)
for ax, depth in zip(axes, ds.depth.values, strict=True):
    orbit = ds.orbit.sel(depth=depth).isel(alpha=0, mode=0).load()
    limit = fastdln.theory.stability_limit(1.0, depth)
    kappa, product = np.broadcast_arrays(orbit.eta.values[:, None] * limit, orbit.values)
    counts, x, y = np.histogram2d(kappa.ravel(), product.ravel(), bins=(800, 450), range=((1.5, 4.1), (-0.1, 2.1)))
    ax.pcolormesh(x, y, np.log1p(counts.T), cmap="Greys", rasterized=True)
    ax.axvline(2, color="tab:red", linewidth=0.8)
    ax.text(1.98, 1.9, "edge of stability", color="tab:red", rotation=90, ha="right", va="top", fontsize=8)
    ax.set(title=f"L = {depth}", xlabel=r"learning rate times sharpness, $\eta S$")
axes[0].set_ylabel(r"end-to-end singular value $\pi$")
figure.savefig(Path(__file__).with_suffix(".png"), dpi=100)
