"""A unit's own words and places as data: posts, categories, texts, word lists and gazetteer."""

from treckk_gateway.profile.boundaries import Area, Boundaries, read_boundaries
from treckk_gateway.profile.calendar import Calendar, Quiet
from treckk_gateway.profile.dialogue import Dialogue
from treckk_gateway.profile.durations import Duration, Unit
from treckk_gateway.profile.form import Form, FormField
from treckk_gateway.profile.hits import Hit
from treckk_gateway.profile.lexicon import Lexicon
from treckk_gateway.profile.limits import DURATIONS, Limits, read_limits
from treckk_gateway.profile.loading import bounded, load, samples, shipped
from treckk_gateway.profile.places import Bounds, District, Gazetteer, Mention, Neighbour, PlaceKind, Target, Village
from treckk_gateway.profile.pointing import CLEAR, ENOUGH, HINT, PLAIN, STRONG, Pointing, before, denied, unreal
from treckk_gateway.profile.profile import Category, Cues, Matter, Office, Post, Profile, ReasonText
from treckk_gateway.profile.reading import Reading
from treckk_gateway.profile.signing import Signing
from treckk_gateway.profile.templates import Rendered, Templates
from treckk_gateway.profile.times import HABIT, ONGOING, STATED, Time, Times
from treckk_gateway.profile.vocabulary import cue_list

__all__ = [
    "CLEAR",
    "DURATIONS",
    "ENOUGH",
    "HABIT",
    "HINT",
    "ONGOING",
    "PLAIN",
    "STATED",
    "STRONG",
    "Area",
    "Boundaries",
    "Bounds",
    "Calendar",
    "Category",
    "Cues",
    "Dialogue",
    "District",
    "Duration",
    "Form",
    "FormField",
    "Gazetteer",
    "Hit",
    "Lexicon",
    "Limits",
    "Matter",
    "Mention",
    "Neighbour",
    "Office",
    "PlaceKind",
    "Pointing",
    "Post",
    "Profile",
    "Quiet",
    "Reading",
    "ReasonText",
    "Rendered",
    "Signing",
    "Target",
    "Templates",
    "Time",
    "Times",
    "Unit",
    "Village",
    "before",
    "bounded",
    "cue_list",
    "denied",
    "load",
    "read_boundaries",
    "read_limits",
    "samples",
    "shipped",
    "unreal",
]
