"""What comes in: received and stored before anyone is told so, then made part of a case."""
