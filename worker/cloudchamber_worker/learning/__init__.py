"""Learning, pure: torch, scikit-learn, UMAP and HDBSCAN on arrays, as usable in a notebook."""

import os

# Before torch loads its OpenMP: threads that wait for one another by spinning cost ten times the
# CPU time of one thread as soon as anything else runs on the machine (13.2 s against 1.3 s for six
# epochs of the small CNN; sleeping they cost 1.5 s).
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
