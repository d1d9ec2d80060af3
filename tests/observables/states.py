"""States that a sweep kept."""


def states_of(ds, depth):
    """(alpha, eta, state, layer, mode) of a sweep that keeps every state."""
    kept = ds.trajectory_singular_value.isel(depth=0, layer=slice(depth))
    return kept.transpose("alpha", "eta", "step", "layer", "mode").values
