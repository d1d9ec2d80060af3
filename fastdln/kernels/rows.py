"""Tuples to and from the columns of a block: a row a component, a column a lane."""


def load(count, first=0):
    """Function (block, lane) -> the tuple of `count` components from row `first` on."""
    if count == 0:
        return lambda block, lane: ()
    rest = load(count - 1, first + 1)

    def load_rows(block, lane):
        return (block[first, lane],) + rest(block, lane)

    return load_rows


def store(count, first=0):
    """Function (block, lane, values) that writes `count` components from row `first` on."""
    if count == 0:
        return lambda block, lane, values: None
    rest = store(count - 1, first + 1)

    def store_rows(block, lane, values):
        block[first, lane] = values[0]
        rest(block, lane, values[1:])

    return store_rows
