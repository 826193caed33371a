import pytest

from foi_tf.errors import FoiError
from foi_tf.study import variation


def test_names_are_read_in_one_order():
    assert variation.parse_variation("source,init") == ("init", "source")
    assert variation.parse_variation(["order"]) == ("order",)
    with pytest.raises(FoiError, match="--vary: unknown part that seeds vary 'images'"):
        variation.parse_variation("init,images")
    with pytest.raises(FoiError, match="--vary: name some of init, order, subset, source"):
        variation.parse_variation([])


def test_a_link_varies_only_what_it_has():
    every = tuple(variation.KINDS)
    assert variation.varied_in_link(every, limited=True) == ("init", "order", "subset")
    assert variation.varied_in_link(every, limited=False) == ("init", "order")
    assert variation.varied_in_link(("source",), limited=True) == ()
    assert variation.format_variation(()) == "none"
    assert variation.format_variation(["source", "init"]) == "init,source"


@pytest.mark.parametrize(("varied", "limited", "expected"), [
    (("init", "order", "subset", "source"), True, ("init", "order", "subset")),
    (("subset", "source"), False, ("init", "order")),
    (("init", "order", "subset"), True, ("init", "order")),  # One model serves all seeds.
    (("source",), True, ("init", "order")),
])  # fmt: skip
def test_source_models_vary_with_their_seed(varied, limited, expected):
    assert variation.varied_in_source(varied, limited) == expected
