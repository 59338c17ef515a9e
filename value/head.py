"""A linear head on frozen features, fitted in closed form: ridge regression, or logistic regression by Newton's method.

Labels are values in [0, 1]; logistic regression takes them as probabilities (Papke & Wooldridge 1996). The strength of
the penalty, and the features, are chosen by cross-validation over tasks, never over states: states of one task show the
same goal. All sums are of float64.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forethought.agents.models.local.value_head import Floats, Kind, Linear, sigmoid

PENALTIES = (10.0, 100.0, 1000.0, 10000.0)
FOLDS = 5
NEWTON_STEPS = 25
TOLERANCE = 1e-8


def fit(features: NDArray[np.floating], labels: Sequence[float], penalty: float, kind: Kind = "ridge") -> Linear:
    """The head of least penalised loss.

    Args:
        features: `[n, features]`.
        labels: `[n]`, each in [0, 1].
        penalty: Factor of the squared weights; the bias has no penalty.
        kind: ridge or logistic.

    Raises:
        ValueError: no states, features that are no numbers, labels outside [0, 1], or a penalty of 0 or less.
    """
    return fit_all(features, labels, [penalty], kind)[0]


def fit_all(
    features: NDArray[np.floating], labels: Sequence[float], penalties: Sequence[float], kind: Kind = "ridge"
) -> list[Linear]:
    """The heads of several penalties; see `fit`."""
    x, y = checked(features, labels)
    if wrong := [penalty for penalty in penalties if not penalty > 0]:
        raise ValueError(f"the penalty is {wrong[0]}; give a number above 0")
    mean, deviation = x.mean(axis=0), x.std(axis=0)
    scale = np.where(deviation > 0, deviation, 1.0)
    z = (x - mean) / scale
    if kind == "ridge":
        return [Linear(kind, mean, scale, w, float(y.mean())) for w in solved(z, y - y.mean(), penalties)]
    return [Linear(kind, mean, scale, *newton(z, y, penalty)) for penalty in penalties]


def checked(features: NDArray[np.floating], labels: Sequence[float]) -> tuple[Floats, Floats]:
    """Features and labels as float64. Raises ValueError: see `fit`."""
    x, y = np.asarray(features, dtype=np.float64), np.asarray(labels, dtype=np.float64)
    if x.ndim != 2 or len(x) != len(y) or not len(y):
        raise ValueError(f"features of shape {x.shape} and {len(y)} labels; expected [n, features] and n labels, n > 0")
    if not np.isfinite(x).all():
        raise ValueError("features are no finite numbers; the model that made them gives none for these texts")
    if not ((y >= 0) & (y <= 1)).all():
        raise ValueError(f"labels lie from {y.min()} to {y.max()}; expected values in [0, 1]")
    return x, y


def solved(z: Floats, y: Floats, penalties: Sequence[float]) -> list[Floats]:
    """Ridge weights for each penalty, by the smaller of the two systems of equations."""
    count, width = z.shape
    if width <= count:
        products, right = z.T @ z, z.T @ y
        return [np.asarray(np.linalg.solve(products + penalty * np.eye(width), right)) for penalty in penalties]
    products = z @ z.T
    return [np.asarray(z.T @ np.linalg.solve(products + penalty * np.eye(count), y)) for penalty in penalties]


def newton(z: Floats, y: Floats, penalty: float) -> tuple[Floats, float]:
    """Weights and bias of logistic regression with labels in [0, 1], by Newton's method with halved steps."""
    x = np.hstack([z, np.ones((len(z), 1))])
    ridge = np.append(np.full(z.shape[1], penalty), 0.0)
    beta = np.zeros(x.shape[1])
    loss = logistic_loss(x, y, ridge, beta)
    for _ in range(NEWTON_STEPS):
        p = sigmoid(x @ beta)
        gradient = x.T @ (p - y) + ridge * beta
        curvature = x.T @ (x * (p * (1 - p))[:, None]) + np.diag(ridge)
        curvature[-1, -1] += TOLERANCE  # all labels 0 or all 1: the bias has no end
        step, size = np.linalg.solve(curvature, gradient), 1.0
        while size > TOLERANCE and logistic_loss(x, y, ridge, beta - size * step) > loss:
            size /= 2
        beta = beta - size * step
        before, loss = loss, logistic_loss(x, y, ridge, beta)
        if before - loss <= TOLERANCE * max(1.0, before):
            break
    return beta[:-1], float(beta[-1])


def logistic_loss(x: Floats, y: Floats, ridge: Floats, beta: Floats) -> float:
    """The penalised cross-entropy of labels in [0, 1]."""
    raw = x @ beta
    return float((np.logaddexp(0, raw) - y * raw).sum() + 0.5 * (ridge * beta * beta).sum())


@dataclass(frozen=True)
class Choice:
    """A candidate of the cross-validation: the name of its features, its penalty, and its squared error on folds."""

    features: str
    penalty: float
    error: float


def folds_of(tasks: Sequence[int], folds: int = FOLDS) -> NDArray[np.int64]:
    """The fold of each state; all states of a task are in one fold, and folds are even in tasks.

    Raises ValueError: fewer than two tasks.
    """
    known = sorted(set(tasks))
    if len(known) < 2:
        raise ValueError(f"examples of {len(known)} task; cross-validation over tasks needs at least 2")
    fold = {task: number % min(folds, len(known)) for number, task in enumerate(known)}
    return np.array([fold[task] for task in tasks])


def cross_validate(
    candidates: Mapping[str, Callable[[], NDArray[np.floating]]],
    labels: Sequence[float],
    tasks: Sequence[int],
    penalties: Sequence[float] = PENALTIES,
    kind: Kind = "ridge",
) -> list[Choice]:
    """All pairs of features and penalty, the least error first; the earlier of equals.

    Args:
        candidates: By name, a function that gives features `[n, features]`.
        labels: `[n]`, in [0, 1].
        tasks: The task of each state, `[n]`.
        penalties: Penalties to try.
        kind: ridge or logistic.
    """
    fold = folds_of(tasks)
    y = np.asarray(labels, dtype=np.float64)
    found = []
    for name, make in candidates.items():
        x = np.asarray(make(), dtype=np.float64)
        errors = np.zeros(len(penalties))
        for held in (fold == number for number in range(fold.max() + 1)):
            heads = fit_all(x[~held], y[~held], penalties, kind)
            errors += [float(((head(x[held]) - y[held]) ** 2).sum()) for head in heads]
        found += [Choice(name, float(p), float(e) / len(y)) for p, e in zip(penalties, errors, strict=True)]
    return sorted(found, key=lambda choice: choice.error)
