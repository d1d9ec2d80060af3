"""What is asked: the sweep file, its model and problem, its axes, and the grid of chunks that they make."""
