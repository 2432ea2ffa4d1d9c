"""What shops call the steps of a cart: the preset names of each role.

Taken from the public vocabularies of Google Analytics 4 (snake_case verbs), Segment's ecommerce spec ("Product
Added"), Snowplow's ecommerce action types ("product_view", "transaction") and Shopify's customer events
("product_added_to_cart"), with the spellings that are common besides. A name stands in one role only.
"""

from __future__ import annotations

from typing import Final

ROLE_PRESETS: Final[dict[str, tuple[str, ...]]] = {
    "view": ("view_item", "product_view", "Product Viewed", "product_viewed", "view_product", "ViewContent"),
    "add": (
        "add_to_cart",
        "Product Added",
        "product_added",
        "product_added_to_cart",
        "add_to_basket",
        "added_to_cart",
        "cart_add",
        "AddToCart",
    ),
    "remove": (
        "remove_from_cart",
        "Product Removed",
        "product_removed",
        "product_removed_from_cart",
        "remove_from_basket",
        "removed_from_cart",
        "cart_remove",
    ),
    "update": ("update_cart", "Cart Updated", "cart_updated", "cart_update"),
    "view_cart": ("view_cart", "Cart Viewed", "cart_viewed", "cart_view", "view_basket"),
    "begin_checkout": (
        "begin_checkout",
        "Checkout Started",
        "checkout_started",
        "checkout_start",
        "checkout",
        "checkout_step",
        "Checkout Step Viewed",
        "Checkout Step Completed",
        "add_shipping_info",
        "checkout_contact_info_submitted",
        "checkout_address_info_submitted",
        "checkout_shipping_info_submitted",
        "InitiateCheckout",
    ),
    "payment": (
        "add_payment_info",
        "Payment Info Entered",
        "payment_info_entered",
        "payment_info_submitted",
        "payment",
        "AddPaymentInfo",
    ),
    "purchase": (
        "purchase",
        "Order Completed",
        "order_completed",
        "checkout_completed",
        "transaction",
        "order",
        "Order Placed",
        "order_placed",
        "Purchase",
    ),
    "refund": ("refund", "Order Refunded", "order_refunded"),
    "reminder": (
        "reminder",
        "reminder_sent",
        "cart_reminder",
        "cart_reminder_sent",
        "abandoned_cart_email",
        "cart_recovery_email",
    ),
}
