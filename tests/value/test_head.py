"""Heads in closed form, against what they must satisfy."""

from __future__ import annotations

import numpy as np
import pytest

from forethought.agents.models.local.value_head import FeatureChoice, Linear, ValueHead
from forethought.value.head import cross_validate, fit, folds_of

DRAW = np.random.RandomState(0)
X = DRAW.normal(size=(60, 7))
Y = np.clip(0.5 + 0.2 * X[:, 0] - 0.1 * X[:, 3] + 0.05 * DRAW.normal(size=60), 0, 1)


@pytest.mark.parametrize("rows", [60, 5])  # more states than features, and fewer
def test_ridge_weights_satisfy_the_normal_equations(rows):
    x, y, penalty = X[:rows], Y[:rows], 3.0
    head = fit(x, y, penalty)
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    assert z.T @ (z @ head.weights - (y - y.mean())) + penalty * head.weights == pytest.approx(np.zeros(7), abs=1e-9)
    assert head.bias == pytest.approx(y.mean())


def test_logistic_weights_have_no_gradient_left():
    head = fit(X, Y, 2.0, "logistic")
    z = (X - X.mean(axis=0)) / X.std(axis=0)
    off = head(X) - Y
    assert z.T @ off + 2.0 * head.weights == pytest.approx(np.zeros(7), abs=1e-5)
    assert off.sum() == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("kind", ["ridge", "logistic"])
@pytest.mark.parametrize("label", [0.0, 1.0, 0.25])
def test_equal_labels_give_that_label(kind, label):
    assert fit(X, [label] * 60, 10.0, kind)(X) == pytest.approx(np.full(60, label), abs=1e-3)


def test_a_constant_feature_changes_nothing():
    with_constant = np.hstack([X, np.full((60, 1), 4.0)])
    assert fit(with_constant, Y, 1.0)(with_constant) == pytest.approx(fit(X, Y, 1.0)(X))


@pytest.mark.parametrize(
    ("x", "y", "penalty", "told"),
    [
        (X, Y[:-1], 1.0, "60"),
        (X[:0], [], 1.0, "n > 0"),
        (np.where(X > 1, np.nan, X), Y, 1.0, "no finite numbers"),
        (X, Y + 1, 1.0, "expected values in"),
        (X, Y, 0.0, "above 0"),
    ],
)
def test_bad_input_is_refused(x, y, penalty, told):
    with pytest.raises(ValueError, match=told):
        fit(x, y, penalty)


def test_folds_keep_tasks_whole():
    tasks = [3, 3, 1, 1, 1, 9, 9, 4]
    fold = folds_of(tasks)
    assert all(len({f for f, t in zip(fold, tasks, strict=True) if t == task}) == 1 for task in tasks)
    with pytest.raises(ValueError, match="at least 2"):
        folds_of([5, 5])


def test_cross_validation_finds_the_features_that_tell():
    tasks = [i // 3 for i in range(60)]
    noise = DRAW.normal(size=(60, 7))
    ranked = cross_validate({"noise": lambda: noise, "signal": lambda: X}, Y, tasks, (1.0, 100.0))
    assert ranked[0].features == "signal"
    assert len(ranked) == 4
    assert [choice.error for choice in ranked] == sorted(choice.error for choice in ranked)


def head_of(x=X, y=Y):
    return ValueHead(fit(x, y, 1.0), FeatureChoice((1, 2), "last"), "base", "prompt", {"examples": len(y)})


def test_a_head_comes_back_from_its_folder(tmp_path):
    pytest.importorskip("safetensors", reason="the extra [lm] is not installed")
    head = head_of()
    head.write(tmp_path)
    again = ValueHead.read(tmp_path)
    assert again.content == head.content
    assert (again.linear(X) == head.linear(X)).all()
    assert again.card == head.card
    assert head_of(y=Y[::-1]).content != head.content


@pytest.mark.parametrize("damage", ["cut", "json", "gone"])
def test_a_damaged_head_is_refused(tmp_path, damage):
    pytest.importorskip("safetensors", reason="the extra [lm] is not installed")
    head_of().write(tmp_path)
    tensors, settings = tmp_path / "value_head.safetensors", tmp_path / "value_head.json"
    if damage == "cut":
        tensors.write_bytes(tensors.read_bytes()[:40])
    elif damage == "json":
        settings.write_text("{")
    else:
        tensors.unlink()
    with pytest.raises(ValueError, match="cannot be used"):
        ValueHead.read(tmp_path)


def test_features_are_taken_by_layer_and_pooling():
    states = np.arange(2 * 3 * 2 * 4).reshape(2, 3, 2, 4)
    assert FeatureChoice((10, 30), "mean").take(states, (10, 20, 30))[0].tolist() == [4, 5, 6, 7, 20, 21, 22, 23]
    assert FeatureChoice((20,), "last+mean").take(states, (10, 20, 30)).shape == (2, 8)
    with pytest.raises(ValueError, match="rising order"):
        FeatureChoice((3, 1), "last")
    with pytest.raises(ValueError, match="unknown pooling"):
        FeatureChoice((1,), "max")


def test_values_lie_between_0_and_1():
    one = np.ones(1)
    assert Linear("ridge", one, one, 9 * one, 0.5)(np.array([[5.0], [-5.0]])).tolist() == [1.0, 0.0]
    assert Linear("logistic", one, one, 1e3 * one, 0.5)(np.array([[5.0], [-5.0]])).tolist() == [1.0, 0.0]
