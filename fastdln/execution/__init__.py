"""Running a sweep: chunks handed to threads or to a cluster, their progress, their log, and what a run would cost."""
