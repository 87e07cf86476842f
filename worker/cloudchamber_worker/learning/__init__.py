"""Learning, pure: torch, scikit-learn, UMAP and HDBSCAN on arrays, as usable in a notebook."""

import os

# Before torch loads its OpenMP: how long its threads wait for one another awake. Six epochs of the
# small CNN on 2 cores, alone and beside four busy processes: 0.64 s and 55 s as it comes (spinning
# threads keep the one that works from its core), 1.1 s and 6 s asleep at once, 0.9 s and 4 s so.
os.environ.setdefault("GOMP_SPINCOUNT", "3000")
