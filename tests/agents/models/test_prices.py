from __future__ import annotations

import json

import pytest

from forethought.agents.models.prices import price_function
from forethought.search import Usage


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "prices.json"
    price = {"prompt": 1.0, "cached": 0.5, "completion": 4.0, "source": "a list, 2026-11-22"}
    content = {
        "date": "2026-11-22",
        "currency": "USD per million tokens",
        "models": {"org/m": price, "a-folder": price},
    }
    path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize(
    "spec", ["server:org/m@http://127.0.0.1:8000/v1", "server+chat:org/m@https://x.org/v1", "a-folder"]
)
def test_a_spec_is_priced_by_its_model(file, spec):
    assert price_function(spec, file)(Usage(1, 1_000_000, 200_000, 500_000)) == pytest.approx(0.8 + 0.1 + 2.0)


def test_no_model_costs_nothing():
    assert price_function(None)(Usage(3, 9, 0, 9)) == 0


@pytest.mark.parametrize(
    "spec", ["smollm2-135m", "server:HuggingFaceTB/SmolLM2-135M-Instruct@http://127.0.0.1:8000/v1"]
)
def test_the_files_of_the_package_price_the_default_model(spec):
    assert price_function(spec)(Usage(3, 9, 0, 9)) == 0


def test_a_model_without_a_price_is_refused_before_it_is_asked(file):
    with pytest.raises(ValueError, match=r"no price of the model 'org/other'; it has org/m, a-folder. .*--prices FILE"):
        price_function("server:org/other@http://127.0.0.1:8000/v1", file)


@pytest.mark.parametrize("levels", [500, 100_000])
def test_a_file_of_prices_that_is_nested_too_deeply_is_refused(file, levels):
    file.write_text("[" * levels + "]" * levels)
    with pytest.raises(ValueError, match=r"is no file of prices \(it is nested deeper than 100 levels"):
        price_function("server:org/m@http://127.0.0.1:8000/v1", file)
