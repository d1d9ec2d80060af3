"""Models and observables of one's own: tried out, registered, recorded in stores, and sent to other processes."""
