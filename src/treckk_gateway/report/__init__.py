"""What leadership sees: counts, times and layers, made of aggregates only. Nothing sealed is opened here."""

from treckk_gateway.report.layers import Layer, LayerRow
from treckk_gateway.report.numbers import Audience, CountRow, Numbers, Wait
from treckk_gateway.report.period import Period
from treckk_gateway.report.reports import Reports

__all__ = ["Audience", "CountRow", "Layer", "LayerRow", "Numbers", "Period", "Reports", "Wait"]
