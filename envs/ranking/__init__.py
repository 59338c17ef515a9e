"""Full-text ranking that equals Lucene's BM25 with pyserini's settings, in numpy alone."""

from forethought.envs.ranking.analysis import terms
from forethought.envs.ranking.build import Builder, Chunk, analyse
from forethought.envs.ranking.index import Index, TooManyTerms

__all__ = ["Builder", "Chunk", "Index", "TooManyTerms", "analyse", "terms"]
