"""HotpotQA: questions whose answers stand on two pages (Yang et al. 2018, arXiv:1809.09600), asked as in ReAct."""
