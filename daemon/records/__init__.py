"""What is kept of the apps, in memory and on the disk."""
