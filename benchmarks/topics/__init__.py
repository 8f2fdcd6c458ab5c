"""One file per topic; each has `measure(bench) -> Result`."""
