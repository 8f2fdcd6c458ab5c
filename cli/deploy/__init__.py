"""`pm deploy`: releases on other hosts, over the system's ssh and git."""
