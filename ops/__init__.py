"""The operator's side: the `plyr` command, composition, local networks, benchmarks."""
