"""HotpotQA: questions with answers from two pages (Yang et al. 2018, arXiv:1809.09600), asked as in ReAct."""
