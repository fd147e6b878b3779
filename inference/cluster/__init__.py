"""Work on many machines, by the scheduler of dask.distributed."""
