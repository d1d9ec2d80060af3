"""How well what gradient descent does at the edge is predicted."""

from fastdln.observables.observable import SimulatedObservable, Variable

OVER = (
    "Over the states at the edge (edge_length) at which the constrained trajectory is known, each averaged with the next. NaN without "
    "them, and after divergence"
)

OBSERVABLE = SimulatedObservable(
    name="prediction",
    summary="correlation and errors of the predicted sharpness, loss and deviation over the edge",
    variables=(
        Variable(
            name="sharpness_correlation",
            dtype="float64",
            long_name="correlation of predicted and actual sharpness",
            comment=f"Pearson's. {OVER}.",
        ),
        Variable(
            name="loss_error",
            dtype="float64",
            long_name="median relative error of the predicted loss",
            comment=f"Predicted f(th) + x^2 / eta. {OVER}.",
        ),
        Variable(
            name="sharpness_error",
            dtype="float64",
            long_name="median relative error of the predicted sharpness",
            comment=f"Predicted S(th) + y + (grad S . u) x, where S(th) = 2/eta if it is held there. {OVER}.",
        ),
        Variable(
            name="deviation_error",
            dtype="float64",
            long_name="median relative error of the predicted deviation",
            comment=f"Length of the error of the vector v over that of the deviation. {OVER}.",
        ),
    ),
)
