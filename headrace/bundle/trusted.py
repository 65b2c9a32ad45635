"""The types that a model file may hold.

A fixed list, changed only by a reviewed change of this file and of estimators.txt (scikit-learn's estimators): asking
a file what it needs and trusting that would trust everything. All of them come with scikit-learn and hold data;
functools.partial is how its gradient boosting keeps check_array, and can only bind functions that are trusted
themselves.
"""

from functools import cache
from pathlib import Path

PARTS: tuple[str, ...] = (
    "functools.partial",
    "numpy.dtype",
    "scipy.interpolate._bsplines.BSpline",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.metrics._dist_metrics.EuclideanDistance64",
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
    "sklearn.tree._tree.Tree",
    "sklearn.utils._bunch.Bunch",
    "sklearn.utils.validation.check_array",
)


@cache
def trusted() -> tuple[str, ...]:
    """All types that are loaded."""
    estimators = Path(__file__).with_name("estimators.txt").read_text(encoding="utf-8").split()
    return (*PARTS, *estimators)
