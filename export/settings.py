"""What to export of a ranking model and how to check it; read without the packages that write the files."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.util import find_spec

from cloud.limits import MOST_TOLERANCE
from edge.arguments import check_number, check_share
from edge.bundle.manifest import BUNDLE_NAME
from edge.config import check_counts, setting
from edge.errors import EdgeError, install
from edge.text.checks import MAX_CANDIDATES
from export.buckets import Buckets
from export.plain import PlainSizes

NEEDED = ("coremltools", "flatbuffers", "onnx")  # of the extra, imported when files are written
MOST_REQUESTS = 1_000_000_000
TOLERANCE_FIX = "engines add up in another order than torch: 0.001 in float and 0.02 in integers are usual"


@dataclass(frozen=True)
class ParityLimits:
    """How many test requests each engine answers, and how near torch it must be on them."""

    requests: int = 1_000  # at most, evenly spread over the test split
    simulated: int = 200  # of them, by engines that only a simulator runs here
    float_tolerance: float = 1e-5  # largest difference of a logit, of float weights
    integer_tolerance: float = 0.02
    top10: float = 0.995  # least mean agreement of the ten best of each user's rows
    auc: float = 0.001  # largest difference

    def __post_init__(self) -> None:
        check_counts(self, requests=(1, MOST_REQUESTS), simulated=(1, MOST_REQUESTS))
        for name in ("float_tolerance", "integer_tolerance"):
            check_number(setting(name), getattr(self, name), 0.0, MOST_TOLERANCE, TOLERANCE_FIX, above=True)
        for name in ("top10", "auc"):
            check_share(setting(name), getattr(self, name), fix="choose a number in that range")


@dataclass(frozen=True)
class RankerExportConfig:
    """What to write and how to check it."""

    name: str = "movies"  # of the bundle
    buckets: Buckets = field(default_factory=Buckets)
    coreml: bool = True  # beside LiteRT and ONNX Runtime
    plain: PlainSizes = field(default_factory=PlainSizes)  # of the plain files, for other model loaders
    golden_requests: int = 5  # real ones, beside those made from them to examine what they leave out
    golden_candidates: int = 8  # at most, of the real ones
    float_tolerance: float = 1e-3  # largest difference of a float golden logit from the reference
    integer_tolerance: float = 0.02  # engines round activations differently
    coreml_tolerance: float = 0.1  # Core ML keeps activations in float16, where the reference has 8 bits
    parity: ParityLimits = field(default_factory=ParityLimits)

    def __post_init__(self) -> None:
        check_counts(self, golden_requests=(1, 10_000), golden_candidates=(1, MAX_CANDIDATES))
        for name in ("float_tolerance", "integer_tolerance", "coreml_tolerance"):
            check_number(setting(name), getattr(self, name), 0.0, MOST_TOLERANCE, TOLERANCE_FIX, above=True)
        if not BUNDLE_NAME.fullmatch(self.name):
            fix = "use letters, digits, '.', '_' or '-'"
            raise EdgeError(f"{setting('name')}={self.name!r} cannot name a bundle", fix=fix)

    @property
    def engines(self) -> tuple[str, ...]:
        """Whose models are written."""
        return ("litert", "onnx", "coreml") if self.coreml else ("litert", "onnx")


RANKER_EXPORTS = {"quickstart": RankerExportConfig()}


def require_writers() -> None:
    """Errors: a package that writes model files is not installed."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        problem = f"no bundle can be written: packages are not installed ({', '.join(missing)})"
        raise EdgeError(problem, fix=install("export"))
