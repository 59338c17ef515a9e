"""The official data of the environments: where it is, how it gets here whole and unchanged, and how it is kept."""
