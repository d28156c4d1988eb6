"""What the conformance kit judges by: functions that raise `AssertionError` with the reason, free of pytest."""
