"""A phase diagram that is computed as it is looked at: views, what computes them, and the page that shows them."""
