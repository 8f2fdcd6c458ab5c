"""Prints numbered lines of 200 bytes, each flushed, for SECONDS; then their count into FILE."""

import sys
import time

seconds, result = float(sys.argv[1]), sys.argv[2]
end = time.monotonic() + seconds
rest = "x" * 188
count = 0
while count % 256 or time.monotonic() < end:
    print(f"{count:010d} {rest}", flush=True)
    count += 1
with open(result, "w") as file:
    file.write(str(count))
time.sleep(1000)
