"""Tuples to and from blocks: a block a mode, and in it rows, one a component, of a fixed number of lanes each.

With every row at a constant distance from the others the compiler sees that they do not overlap; given a matrix it would
check each pair of rows before each pass over the lanes, which takes longer than the pass.
"""

# Floats between the ends of a row and the next row's beginning. Without them rows lie 512 bytes apart, the eighth 4 KB from the
# first, and the processor takes a load from one for the store to the other until it knows better.
PADDING = 8


def stride(lanes):
    """Floats from the beginning of one row to that of the next."""
    return lanes + PADDING


def load(count, first, lanes):
    """Function (blocks, mode, lane) -> the tuple of `count` components from row `first` on."""
    if count == 0:
        return lambda blocks, mode, lane: ()
    start, rest = first * stride(lanes), load(count - 1, first + 1, lanes)

    def load_rows(blocks, mode, lane):
        return (blocks[mode, start + lane],) + rest(blocks, mode, lane)

    return load_rows


def store(count, first, lanes):
    """Function (blocks, mode, lane, values) that writes `count` components from row `first` on."""
    if count == 0:
        return lambda blocks, mode, lane, values: None
    start, rest = first * stride(lanes), store(count - 1, first + 1, lanes)

    def store_rows(blocks, mode, lane, values):
        blocks[mode, start + lane] = values[0]
        rest(blocks, mode, lane, values[1:])

    return store_rows
