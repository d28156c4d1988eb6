"""`/api/v1`: its calls, the shapes of what is asked and answered, and its description."""
