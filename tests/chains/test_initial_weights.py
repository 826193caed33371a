"""What is said of weights that cannot be started from."""

import pytest

from foi_tf.chains import initial_weights
from foi_tf.errors import FoiError


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("efficientnet_lite0", "foi-weights list names published ones, as efficientnet_lite0_"),
        ("a,b", "a command takes one start; give it once for each"),
        ("net.pth", r"foi-weights import --weights=net\.pth --out=weights/net makes weights/net"),
        ("gone.pth", "foi-weights list names published ones"),
    ],
)
def test_each_mistake_has_its_remedy(tmp_path, monkeypatch, name, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.pth").write_bytes(b"")
    with pytest.raises(FoiError, match=f"neither a link's directory nor a checkpoint .*; {said}"):
        initial_weights.find_weights(name, "hrnet_mini")
