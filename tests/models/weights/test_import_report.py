import numpy as np
import pytest

from foi_tf.errors import FoiError
from foi_tf.models.weights import import_report


def test_weights_that_are_not_finite_are_refused():
    values = np.array([1, np.nan, np.inf], np.float32)
    with pytest.raises(FoiError, match=r"w\.pth: conv has 2 numbers that are not finite"):
        import_report.check_values("conv", values, "w.pth")


def test_numbers_that_no_training_leaves_are_told(capsys):
    values = np.array([1, 5e36], np.float32)
    assert import_report.check_values("conv", values, "w.pth") is values
    assert "w.pth: conv has the number 5e+36, unlike weights" in capsys.readouterr().err
    import_report.check_values("conv", np.array([1e5]), "w.pth")
    assert not capsys.readouterr().err
