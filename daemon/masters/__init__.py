"""The masters of the apps: started, found again, spoken to, and what outlives them."""
