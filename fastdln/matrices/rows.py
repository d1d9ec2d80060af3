"""Tuples to and from blocks: a block a mode, and in it rows, one a component, of a fixed number of lanes each.

With every row at a constant distance from the others the compiler sees that they do not overlap; given a matrix it
would check each pair of rows before each pass over the lanes, which takes longer than the pass.
"""

# Floats between the ends of a row and the next row's beginning. Without them rows lie 512 bytes apart, the eighth 4 KB
# from the first, and the processor takes a load from one for the store to the other until it knows better.
PADDING = 8


def stride(lanes):
    """Floats from the beginning of one row to that of the next."""
    return lanes + PADDING


def load(count, first, lanes):
    """Function (blocks, mode, lane) -> the tuple of `count` components from row `first` on.

    Three at a time, since every function that is expanded costs the compiler some 20 ms.
    """
    a, b, c = ((first + k) * stride(lanes) for k in range(3))
    if count == 0:
        return lambda blocks, mode, lane: ()
    if count == 1:
        return lambda blocks, mode, lane: (blocks[mode, a + lane],)
    if count == 2:
        return lambda blocks, mode, lane: (blocks[mode, a + lane], blocks[mode, b + lane])
    if count == 3:
        return lambda blocks, mode, lane: (blocks[mode, a + lane], blocks[mode, b + lane], blocks[mode, c + lane])
    rest = load(count - 3, first + 3, lanes)

    def load_rows(blocks, mode, lane):
        return (blocks[mode, a + lane], blocks[mode, b + lane], blocks[mode, c + lane]) + rest(blocks, mode, lane)

    return load_rows


def store(count, first, lanes):
    """Function (blocks, mode, lane, values) that writes `count` components from row `first` on."""
    a, b, c = ((first + k) * stride(lanes) for k in range(3))

    def store_one(blocks, mode, lane, values):
        blocks[mode, a + lane] = values[0]

    def store_two(blocks, mode, lane, values):
        blocks[mode, a + lane] = values[0]
        blocks[mode, b + lane] = values[1]

    def store_three(blocks, mode, lane, values):
        blocks[mode, a + lane] = values[0]
        blocks[mode, b + lane] = values[1]
        blocks[mode, c + lane] = values[2]

    if count <= 3:
        return (lambda blocks, mode, lane, values: None, store_one, store_two, store_three)[count]
    rest = store(count - 3, first + 3, lanes)

    def store_rows(blocks, mode, lane, values):
        store_three(blocks, mode, lane, values)
        rest(blocks, mode, lane, values[3:])

    return store_rows
