"""What detectors' headers mean: pure functions from keywords, and pixels where these lie, to facts.

sections     IRAF sections, and where they lie in this image
amplifiers   which pixels each amplifier read out, its overscan, and its gain
extensions   which HDUs are science, which masks, which errors
units        the unit of the pixels, and what makes electrons of it
skipper      several samples of a pixel side by side
settings     what a person has said about a detector, which stands before its header
hit_lists    Timepix: x, y, counts
"""
