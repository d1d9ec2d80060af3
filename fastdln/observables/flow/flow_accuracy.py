"""At how many states the steps of gradient flow did not come to their time."""

from fastdln.models.dop853 import MOST_TRIALS
from fastdln.observables.observable import FlowObservable, Variable

OBSERVABLE = FlowObservable(
    name="flow_accuracy",
    summary="at how many states the flow did not come to their time; always written",
    variables=(
        Variable(
            name="flow_unresolved",
            dtype="int64",
            long_name="states at which gradient flow did not come to their time",
            comment=f"State k is that at the time eta k; where {MOST_TRIALS:,} steps from one state to the next do not do, it is an "
            "earlier one. Of the whole run. 0 where every state is to be trusted.",
        ),
    ),
)
