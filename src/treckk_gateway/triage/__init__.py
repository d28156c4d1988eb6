"""What is it? A message in its conversation goes in, findings come out; nothing is sent anywhere from here."""

from treckk_gateway.triage.loading import default_steps, load_steps
from treckk_gateway.triage.pipeline import Pipeline, Step, TriageContext

__all__ = ["Pipeline", "Step", "TriageContext", "default_steps", "load_steps"]
