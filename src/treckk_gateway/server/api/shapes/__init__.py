"""The API's JSON, as types: what callers send, and what they get. OpenAPI's schemas are made from these."""
