"""Where the official files are: mirrors in the order they are tried, sizes, and the sums that the files must have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class File:
    """One official file. Without `size` or `sha256`, those of the first download are recorded and then required."""

    name: str
    mirrors: tuple[str, ...]
    size: int | None = None  # bytes
    sha256: str | None = None  # hexadecimal


def webshop(name: str, drive: str, size: int, sha256: str) -> File:
    """A file of WebShop: a copy on Hugging Face, then the authors' own on Google Drive (its quota often runs out)."""
    mirrors = (
        f"https://huggingface.co/datasets/YWZBrandon/webshop-data/resolve/main/{name}",
        f"https://drive.usercontent.google.com/download?id={drive}&export=download&confirm=t",
    )
    return File(name, mirrors, size, sha256)


def hotpotqa(name: str, size: int, sha256: str, *copies: str) -> File:
    """A file of questions from the authors' server, which speaks plain http and is often away, else from copies.

    The sum identifies the file: there are copies of the same name in another layout.
    """
    return File(name, (f"http://curtis.ml.cmu.edu/datasets/hotpot/{name}", *copies), size, sha256)


HUMAN = webshop(
    "items_human_ins.json",
    "14Kb5SPBk_jfdLZ_CDBNitW98QLDlKR5O",
    5_137_548,
    "cf78667548a71786e1d9049c24b802e48e1084ad4bb021cae56ce1f6d96954a3",
)
DEV = hotpotqa(
    "hotpot_dev_distractor_v1.json",
    46_320_117,
    "4e9ecb5c8d3b719f624d66b60f8d56bf227f03914f5f0753d6fa1b359d7104ea",
    "https://huggingface.co/datasets/RAGLAB/data/resolve/c33b09b7fa5099b89830e84f9bdff78329268d9b/"
    "eval_datasets/HotPotQA/hotpot_dev_distractor_v1.json",
)

# WebShop: Yao et al. 2022, arXiv:2207.01206 (MIT). HotpotQA: Yang et al. 2018, arXiv:1809.09600 (CC BY-SA 4.0).
SOURCES: Mapping[str, tuple[File, ...]] = {
    "webshop/small": (
        webshop(
            "items_shuffle_1000.json",
            "1EgHdxQ_YxqIQlvvq5iKlCrkEKR6-j0Ib",
            4_467_013,
            "30a4765c3a327af72d9a9a95a6b2486d516f0fa1d3ecd83681901ce82a21b269",
        ),
        webshop(
            "items_ins_v2_1000.json",
            "1IduG0xl544V_A_jv3tHXC0kyFi7PnyBu",
            147_099,
            "f88a36314a397b53b3d9c3fa5878e5f7b26d35019a51ec83fbedeca61a948f6f",
        ),
        HUMAN,
    ),
    "webshop/all": (
        webshop(
            "items_shuffle.json",
            "1A2whVgOO0euk5O13n2iYDM0bQRkkRduB",
            5_479_720_229,
            "2ef591d65df3af89e972ab72468eb82cbf124d876552d9f3678667edd620a6c8",
        ),
        webshop(
            "items_ins_v2.json",
            "1s2j6NgHljiZzQNL3veZaAiyW_qDEgBNi",
            186_295_270,
            "1d36af476bdb8f82a5da62bd8acdabe54cd8de2fa84010d37da5c4890feb447e",
        ),
        HUMAN,
    ),
    "hotpotqa/dev": (DEV,),
    "hotpotqa/all": (
        hotpotqa(
            "hotpot_train_v1.1.json",
            566_426_227,
            "26650cf50234ef5fb2e664ed70bbecdfd87815e6bffc257e068efea5cf7cd316",
            "https://huggingface.co/datasets/namlh2004/hotpotqa/resolve/7e54db4656209750ff487f6fdf8e39a66dba136b/"
            "hotpot_train_v1.1.json",
        ),
        DEV,
        hotpotqa(
            "hotpot_dev_fullwiki_v1.json",
            47_454_698,
            "2f1f3e594a3066a3084cc57950ca2713c24712adaad03af6ccce18d1846d5618",
        ),
    ),
    "hotpotqa/wiki": (
        File(
            "enwiki-20171001-pages-meta-current-withlinks-abstracts.tar.bz2",
            (
                "https://nlp.stanford.edu/projects/hotpotqa/"
                "enwiki-20171001-pages-meta-current-withlinks-abstracts.tar.bz2",
            ),
            1_553_565_403,
            "1acca1c5cc93c4890ea51091d2bad7c3ef6987aead127ab88728dc9e26555729",
        ),
    ),
}
