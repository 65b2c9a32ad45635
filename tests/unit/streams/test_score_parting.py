"""A model that serves no more is freed piece by piece, and only then."""

import sys
import weakref

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier

from streams.score.parting import INTERRUPTED_AFTER_S, giving_way, let_go, parts


def forest() -> RandomForestClassifier:
    """Eight trees."""
    inputs = np.random.default_rng(1).normal(size=(100, 4))
    return RandomForestClassifier(8, random_state=1).fit(inputs, inputs[:, 0] > 0)


class Held:
    """Something that notes when it goes."""

    __slots__ = ("__weakref__", "held")

    def __init__(self, *held: object) -> None:
        self.held = list(held)


def test_every_tree_of_a_forest_is_a_part_of_its_own_behind_what_holds_it() -> None:
    model = forest()
    found = parts([model])
    places = {id(part): place for place, part in enumerate(found)}
    assert found[0] is model
    for tree in model.estimators_:
        assert places[id(model.estimators_)] < places[id(tree)] < places[id(tree.tree_)]


def test_what_nobody_else_holds_is_gone_and_the_list_is_empty() -> None:
    inner = Held()
    held: list[object] = [Held(inner), Held(inner)]
    watched = [weakref.ref(one) for one in (*held, inner)]
    del inner
    let_go(held)
    assert held == []
    assert [one() for one in watched] == [None, None, None]


class Leaf(Held):
    """Something that notes how much of the whole was left when it went."""

    __slots__ = ("left",)

    def __init__(self, left: list[int]) -> None:
        super().__init__()
        self.left = left

    def __del__(self) -> None:
        self.left.append(len(sys._getframe(1).f_locals["found"]))


def test_parts_go_one_after_the_other() -> None:
    """Seen to fail with the parts dropped in the other order: the whole goes last, and with it all of them at once."""
    left: list[int] = []
    held: list[object] = [Held(Leaf(left), Leaf(left), Leaf(left))]
    let_go(held)
    assert len(set(left)) == len(left) == 3


def test_a_model_that_a_batch_still_uses_stays_whole() -> None:
    model = forest()
    rows = np.zeros((3, 4))
    before = model.predict_proba(rows)
    let_go([model])
    assert (model.predict_proba(rows) == before).all()


def test_others_may_interrupt_at_once_inside_and_as_before_behind_it_even_after_an_error() -> None:
    before = sys.getswitchinterval()
    with pytest.raises(ZeroDivisionError), giving_way():
        assert sys.getswitchinterval() == pytest.approx(INTERRUPTED_AFTER_S)
        _ = 1 / 0
    assert sys.getswitchinterval() == before
