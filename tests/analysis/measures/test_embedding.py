import numpy as np
import pytest

from foi_tf.analysis.measures import embedding
from foi_tf.analysis.report import scatter
from foi_tf.errors import FoiError


def groups(count=40, scales=(1.0, 1.0, 1.0)):
    """Three clusters far apart in direction, each times a scale."""
    rng = np.random.default_rng(0)
    return {
        f"d{i}": scale * (10 * np.eye(3)[i] + rng.normal(size=(count, 3)))
        for i, scale in enumerate(scales)
    }


def purity(points):
    """The share of images whose nearest neighbor in the plane is of the same group."""
    xy, names = points[["x", "y"]].to_numpy(), points.group.to_numpy()
    apart = ((xy[:, None] - xy[None]) ** 2).sum(-1)
    np.fill_diagonal(apart, np.inf)
    return (names[apart.argmin(1)] == names).mean()


def test_similar_images_are_near():
    found = embedding.embed(groups(), images=30)
    assert found.group.value_counts().tolist() == [30] * 3
    assert found.groupby("group").image.apply(tuple).nunique() == 1  # The same places of each.
    assert purity(found) > 0.95
    again = embedding.embed(groups(), images=30)
    np.testing.assert_array_equal(found[["x", "y"]], again[["x", "y"]])


def test_cosine_does_not_see_scale():
    rng = np.random.default_rng(1)
    one = rng.normal(size=(30, 5))
    same = {"one": one, "scaled": 50 * one}
    far = embedding.embed(same)
    near = embedding.embed(same, metric="cosine")

    def gap(points):
        xy = points[["x", "y"]].to_numpy()
        return np.linalg.norm(xy[:30] - xy[30:], axis=1).mean() / xy.std()

    assert gap(near) < 0.1 * gap(far)


@pytest.mark.parametrize("kind", scatter.FORMATS)
def test_the_figure_is_a_file_with_domains_in_its_legend(tmp_path, kind):
    points = embedding.embed(groups(5))
    path = tmp_path / f"f.{kind}"
    domains = {"d0": "driving", "d1": "driving", "d2": "consumer"}
    scatter.draw_embedding(points, domains, "By domain", path)
    data = path.read_bytes()
    assert data.startswith({"png": b"\x89PNG", "svg": b"<?xml"}[kind]) and len(data) > 5000


def test_domains_are_in_the_order_of_tables():
    points = embedding.embed(groups(5))
    domains = {"d0": "driving", "d1": "consumer"}
    assert scatter._by_domain(points, domains) == {
        "consumer": ["d1"],
        "driving": ["d0"],
        "": ["d2"],
    }
    assert len(set(scatter.COLORS.values())) == len(scatter.COLORS)


@pytest.mark.parametrize(
    ("features", "changes", "said"),
    [
        ({"a": np.ones((9, 2)), "b": np.ones((9, 3))}, {}, "of different lengths"),
        ({"a": np.full((9, 2), np.nan)}, {}, "not finite"),
        ({"a": np.ones((2, 2))}, {}, "2 images: too few"),
        ({"a": np.ones((9, 2))}, {"metric": "cosin"}, "unknown metric 'cosin'"),
    ],
)
def test_bad_input_is_named(features, changes, said):
    with pytest.raises(FoiError, match=said):
        embedding.embed(features, **changes)
