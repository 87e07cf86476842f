"""From files to measured cutouts: pure NumPy, SciPy, astropy, Pillow; usable in a notebook.

frames, crops, archives   what is in a file (run in the `sandbox`, see `decoder`)
calibration               overscan, master bias and dark, baseline and noise per amplifier
detection                 footprints above threshold and the cutouts around them
measurements              what a cutout measures, whatever its orientation
simulation                exposures whose tracks are known
"""
