"""What the commands do; how they are typed stands in `cli.app`. Each returns its exit code."""
