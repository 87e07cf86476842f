"""The outline of a mask along the edges of its pixels."""

import numpy as np

Corner = tuple[int, int]
# From a corner, in which direction the edge goes on that has the pixels on its left: right turn
# first, so that pixels that touch by a corner alone lie on one outline.
RIGHT_FIRST = {
    (1, 0): ((0, -1), (1, 0), (0, 1)),
    (0, 1): ((1, 0), (0, 1), (-1, 0)),
    (-1, 0): ((0, 1), (-1, 0), (0, -1)),
    (0, -1): ((-1, 0), (0, -1), (1, 0)),
}


def outlines(mask: np.ndarray) -> list[list[Corner]]:
    """Outer outlines of a boolean [height, width], each as corners (x, y) where it turns.

    Corner (0, 0) is that of the first pixel that lies away from all others. Rows count upwards and
    the pixels lie on the left. Holes have no outline.
    """
    padded = np.pad(mask, 1)
    edges: dict[Corner, set[Corner]] = {}

    def add(rows: np.ndarray, columns: np.ndarray, begin: Corner, step: Corner) -> None:
        for y, x in zip(rows.tolist(), columns.tolist(), strict=True):
            edges.setdefault((x - 1 + begin[0], y - 1 + begin[1]), set()).add(step)

    inside = padded[1:-1, 1:-1]
    for other, begin, step in (
        (padded[:-2, 1:-1], (0, 0), (1, 0)), (padded[1:-1, 2:], (1, 0), (0, 1)),
        (padded[2:, 1:-1], (1, 1), (-1, 0)), (padded[1:-1, :-2], (0, 1), (0, -1)),
    ):  # fmt: skip
        rows, columns = np.nonzero(inside & ~other)
        add(rows + 1, columns + 1, begin, step)
    loops = []
    while edges:
        loop = _follow(edges)
        if _area(loop) > 0:
            loops.append(loop)
    return loops


def _follow(edges: dict[Corner, set[Corner]]) -> list[Corner]:
    """Take one closed loop out of the edges."""
    start = place = min(edges)
    first = step = min(edges[place])
    loop = [start]
    while True:
        edges[place].discard(step)
        if not edges[place]:
            del edges[place]
        place = (place[0] + step[0], place[1] + step[1])
        ways = edges.get(place, set())
        # The loop may pass its start's corner before it closes.
        if place == start and not ways.intersection((first, *RIGHT_FIRST[step])):
            return loop
        turned = next(turn for turn in RIGHT_FIRST[step] if turn in edges[place])
        if turned != step:
            loop.append(place)
        step = turned


def _area(loop: list[Corner]) -> float:
    pairs = zip(loop, loop[1:] + loop[:1], strict=True)
    return sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairs) / 2
