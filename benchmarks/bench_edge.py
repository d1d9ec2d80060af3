"""What gradient descent follows at the edge: steps of each model on the networks of one sweep, on one thread, beside gradient descent."""

from pathlib import Path

import dask
import pytest

from fastdln import Sweep, run

SWEEP = Path(__file__).parent.parent / "sweeps" / "edge_map.toml"


@pytest.mark.parametrize("model", ["matrix", "flow", "central-flow", "constrained"])
@pytest.mark.filterwarnings("ignore:the projection onto", "ignore:steps of the central flow")
def bench_edge(benchmark, size, model):
    few = size == "tiny"
    changes = ["axes.eta.num=2", "axes.seed=[0,1]", "steps=30", "record=10"] if few else ["axes.seed=[0,1,2,3]"]
    data = Sweep.from_file(SWEEP, changes).model_dump(
        mode="json", exclude={"observables", "chunks", "shards", "widths"}
    )
    data = {key: value for key, value in data.items() if value is not None}
    # matrices are followed without the sharpness, which the two others have at every step
    more = {"observables": ["loss"]} if model in ("matrix", "flow") else {}
    eta = {"start": 0.8, "stop": 1.04, "num": 2 if few else 25, "unit": "2/S1"}
    sweep = Sweep(**data | more | {"model": model, "axes": data["axes"] | {"eta": eta}})
    with dask.config.set(num_workers=1):
        benchmark.group = "networks at the edge, d = 5, L = 3"
        benchmark.name = model
        benchmark.pedantic(run, (sweep,), {"progress": False}, rounds=1 if few else 5, warmup_rounds=1)
    benchmark.extra_info |= {"work": sweep.points * (sweep.steps + sweep.record), "unit": "M steps/s"}
