"""The full model and its training."""

import os

# Waiting threads sleep instead of spinning. On a machine of one's own that costs nothing; beside another process a
# spinning thread holds the very core that its partner waits for (benchmarks/LOG.md). Read when torch is first imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
