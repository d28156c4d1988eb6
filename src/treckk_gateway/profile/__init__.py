"""A unit's own words and places as data: posts, categories, texts, word lists and gazetteer."""

from treckk_gateway.profile.dialogue import Dialogue
from treckk_gateway.profile.form import Form, FormField
from treckk_gateway.profile.lexicon import Hit, Lexicon, Reading
from treckk_gateway.profile.loading import load, samples, shipped
from treckk_gateway.profile.places import Bounds, District, Gazetteer, Mention, Neighbour, PlaceKind, Target, Village
from treckk_gateway.profile.profile import Category, Office, Post, Profile, ReasonText
from treckk_gateway.profile.templates import Rendered, Templates
from treckk_gateway.profile.vocabulary import category_list

__all__ = [
    "Bounds",
    "Category",
    "Dialogue",
    "District",
    "Form",
    "FormField",
    "Gazetteer",
    "Hit",
    "Lexicon",
    "Mention",
    "Neighbour",
    "Office",
    "PlaceKind",
    "Post",
    "Profile",
    "Reading",
    "ReasonText",
    "Rendered",
    "Target",
    "Templates",
    "Village",
    "category_list",
    "load",
    "samples",
    "shipped",
]
