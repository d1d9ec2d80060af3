"""How a sweep is run: chunks handed to threads or to a cluster, their progress, their log, and what a run would cost."""
