"""Stages of a shop whose journeys.toml has no [[stage]]: what the journey map takes then, and says that it did."""

from __future__ import annotations

from pipeline.config.models import Roles, Stage

_NAMES: dict[str, tuple[str, ...]] = {
    "awareness": (
        "ad_*",
        "*_impression",
        "campaign_*",
        "first_visit",
        "home",
        "home_*",
        "homepage*",
        "landing*",
        "newsletter*",
        "email_*",
        "promo*",
        "session_start",
        "user_engagement",
    ),
    "consideration": (
        "catalog*",
        "category*",
        "collection*",
        "compare*",
        "filter*",
        "product*",
        "search*",
        "select_item",
        "store_visit",
        "view_item*",
        "view_search_results",
        "wishlist*",
    ),
    "cart": ("cart*", "*_cart", "basket*"),
    "checkout": ("add_payment_info", "add_shipping_info", "checkout*", "payment*", "shipping*"),
    "purchase": (),
    "onboarding": ("account_created", "activat*", "first_use*", "setup*", "sign_up", "signup*", "welcome*"),
    "service": ("call_*", "chat_*", "complaint*", "contact*", "refund*", "return*", "support*", "ticket*"),
    "loyalty": ("loyalty*", "reorder*", "repeat_*", "reward*", "subscription_renew*"),
    "advocacy": ("recommend*", "refer*", "review*", "share*"),
}
_ROLES = {
    "consideration": ("view",),
    "cart": ("add", "remove", "update", "view_cart"),
    "checkout": ("begin_checkout", "payment"),
    "purchase": ("purchase",),
    "service": ("refund",),
}
SHOP_PHASES = {
    "awareness": "before",
    "consideration": "before",
    "cart": "during",
    "checkout": "during",
    "purchase": "during",
    "onboarding": "after",
    "service": "after",
    "loyalty": "after",
    "advocacy": "after",
}
"""The stages in the order of the journey."""


def shop_stages(roles: Roles) -> tuple[Stage, ...]:
    """Rules for the stages of a shop, the first that matches has an event: what roles name first, then common names."""
    by_role = roles.by_role()
    named = [Stage(name=stage, events=tuple(n for r in own for n in by_role[r])) for stage, own in _ROLES.items()]
    return (*named, *(Stage(name=stage, events=globs) for stage, globs in _NAMES.items() if globs))
