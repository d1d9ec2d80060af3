"""Pages and folders made of stores: the report of one, and the figures of the paper."""
