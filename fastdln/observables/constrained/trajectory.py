"""Gradient descent, the constrained trajectory and the prediction at every k-th state."""

from fastdln.observables.observable import SimulatedObservable, Variable

KEPT = "Every k-th state, k the sweep's `trajectory`; `step` is the state's number. NaN from divergence on"
AT_EDGE = f"{KEPT}, before the edge, and where the constrained trajectory has ended"

OF_DESCENT = {"loss": "loss", "sharpness": "sharpness"}

OF_THEORY = {
    "loss_constrained": ("loss of the constrained trajectory", "f(th)"),
    "sharpness_constrained": ("sharpness of the constrained trajectory", "S(th), at most 2/eta"),
    "loss_predicted": ("predicted loss", "f(th) + x^2 / eta"),
    "sharpness_predicted": ("predicted sharpness", "S(th) + y + (grad S . u) x"),
    "deviation": ("distance from the constrained trajectory", "|theta - th|"),
    "deviation_predicted": ("predicted distance from the constrained trajectory", "|v|"),
    "deviation_error": ("error of the predicted deviation", "|theta - th - v|"),
    "alpha_ps": ("progressive sharpening", "alpha_ps = -grad f . grad S at th"),
    "beta": ("strength of self-stabilization", "beta = |grad S_perp|^2 at th"),
    "delta": ("amplitude of the stable oscillation", "sqrt(2 alpha_ps / beta); NaN also where alpha_ps < 0"),
    "x": (
        "predicted deviation along the top eigenvector",
        "x = u . v; the sign of u is that of x at the edge, and kept from state to state",
    ),
    "y": ("predicted change of the sharpness across it", "y = grad S_perp . v"),
    "projection_residual": ("residual of the projection", "See projection_residual"),
}

OBSERVABLE = SimulatedObservable(
    name="trajectory",
    summary="gradient descent, the constrained trajectory and the prediction at every k-th state",
    asked_by="trajectory",
    variables=(
        *(
            Variable(
                name=f"trajectory_{name}",
                dtype="float64",
                dims=("step",),
                long_name=f"{what} along the run",
                comment=f"{KEPT}.",
            )
            for name, what in OF_DESCENT.items()
        ),
        *(
            Variable(
                name=f"trajectory_{name}",
                dtype="float64",
                dims=("step",),
                long_name=f"{what} along the run",
                comment=f"{formula}. {AT_EDGE}.",
            )
            for name, (what, formula) in OF_THEORY.items()
        ),
    ),
)
