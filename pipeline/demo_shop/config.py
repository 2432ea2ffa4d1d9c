"""The journeys.toml that reads the shop's files."""

CONFIG = """\
[project]
timezone = "Europe/Berlin"
goal = ["purchase"]
currency = "EUR"

[[source]]
name = "web"
path = "inbox/web/*.csv.gz"
deduplicate = "event_id"
[source.columns]
customer_id = "client_id"
anonymous_id = "cookie_id"
event_at = "time"
event = "event_name"
event_id = "hit_id"
channel = { constant = "web" }
url = "page"
campaign = "campaign"
currency = "currency"
order_id = "order_no"
item_id = "sku"
quantity = "qty"
price = "unit_price"
value = "revenue"
shipping_cost = "shipping"

[[source]]
name = "app"
path = "inbox/app/*.ndjson.gz"
deduplicate = "event_id"
[source.columns]
customer_id = "userId"
anonymous_id = "deviceId"
event_at = { column = "ts", format = "epoch_ms" }
event = "eventName"
event_id = "eventId"
channel = { constant = "app" }
url = "screen"
currency = "order.currency"
order_id = "order.id"
value = "order.value"
item_id = "item.sku"
quantity = "item.quantity"
price = "item.price"
shipping_cost = "shippingCost"

[[source]]
name = "email"
path = "inbox/email.csv"
[source.columns]
customer_id = "recipient"
event_at = "at"
event = "what"
event_id = "message_id"
channel = { constant = "email" }
campaign = "mailing"

[[source]]
name = "pos"
path = "inbox/pos.csv"
delimiter = ";"
timezone = "Europe/Berlin"
deduplicate = "content"
[source.columns]
customer_id = "Kundennummer"
event_at = { join = ["Datum", "Uhrzeit"], format = "%d.%m.%Y %H:%M:%S" }
event = "Vorgang"
channel = { constant = "store" }
order_id = "Bon"
item_id = "Artikel"
quantity = "Menge"
price = "Einzelpreis"
value = "Betrag"
currency = { constant = "EUR" }

[[source]]
name = "calls"
path = "inbox/calls.csv"
[source.columns]
customer_id = "caller"
event_at = "at"
event = "what"
event_id = "call_row"
channel = { constant = "call" }
duration_seconds = "duration_seconds"

[[source]]
name = "surveys"
path = "inbox/surveys.ndjson"
[source.columns]
customer_id = "customer"
event_at = "answered_at"
event = "survey"
event_id = "answer_id"
channel = { constant = "survey" }
score = "score"
about = "about"
comment = "comment"

[sessions]
passive = ["email_sent", "cart_reminder", "welcome_mail", "complaint_answered", "refund", "csat", "nps", "ces"]

[[touchpoint]]
name = "ad click"
event = "ad_click"

[[touchpoint]]
name = "newsletter"
event = ["email_opened", "email_clicked"]

[[touchpoint]]
name = "cart reminder"
event = ["reminder_opened", "reminder_clicked"]

[[touchpoint]]
name = "home page"
event = ["page_view", "screen_view"]
url = "/"

[[touchpoint]]
name = "search"
event = ["page_view", "screen_view"]
url = "/search"

[[touchpoint]]
name = "setup guide"
event = ["page_view", "screen_view"]
url = "/guide/*"

[[touchpoint]]
name = "account page"
event = ["page_view", "screen_view"]
url = "/account"

[[touchpoint]]
name = "product page"
event = "view_item"

[[touchpoint]]
name = "add to cart"
event = "add_to_cart"

[[touchpoint]]
name = "cart page"
event = "view_cart"

[[touchpoint]]
name = "login"
event = "login"

[[touchpoint]]
name = "guest checkout"
event = "guest_checkout"

[[touchpoint]]
name = "shipping step"
event = "shipping_step"

[[touchpoint]]
name = "payment step"
event = "payment_step"

[[touchpoint]]
name = "payment error"
event = "payment_error"

[[touchpoint]]
name = "purchase"
event = "purchase"

[[touchpoint]]
name = "store visit"
event = "store_visit"

[[touchpoint]]
name = "store advice"
event = "store_advice"

[[touchpoint]]
name = "loyalty card"
event = "loyalty_card"

[[touchpoint]]
name = "first use"
event = "first_use"

[[touchpoint]]
name = "call to service"
event = ["call_started", "call_ended"]

[[touchpoint]]
name = "chat"
event = "chat"

[[touchpoint]]
name = "complaint"
event = "complaint"

[[touchpoint]]
name = "return"
event = "return_request"

[[touchpoint]]
name = "review"
event = "review_written"

[[touchpoint]]
name = "recommendation"
event = "recommendation"

[[stage]]
name = "awareness"
phase = "before"
goal = "People hear of us and come to look."
owner = "marketing"
touchpoints = ["ad click", "newsletter"]
events = ["email_sent"]

[[stage]]
name = "consideration"
phase = "before"
goal = "They find an item that fits."
owner = "product"
touchpoints = ["home page", "search", "product page", "store visit", "store advice"]

[[stage]]
name = "cart"
phase = "before"
intent = true
goal = "They put it into the cart."
owner = "product"
touchpoints = ["add to cart", "cart page", "cart reminder"]
events = ["cart_reminder"]

[[stage]]
name = "checkout"
phase = "during"
intent = true
goal = "They order without help."
owner = "checkout"
review_by = 2026-06-30
touchpoints = ["login", "guest checkout", "shipping step", "payment step", "payment error"]
events = ["ces"]

[[stage]]
name = "purchase"
phase = "during"
goal = "The order is placed, or paid at the till."
owner = "checkout"
touchpoints = ["purchase"]

[[stage]]
name = "onboarding"
phase = "after"
goal = "The item is set up and used."
owner = "service"
touchpoints = ["setup guide", "first use"]
events = ["welcome_mail"]

[[stage]]
name = "service"
phase = "after"
goal = "Whoever has a question gets an answer the same day."
owner = "service"
notes = "Refunds are booked by hand."
touchpoints = ["call to service", "chat", "complaint", "return"]
events = ["complaint_answered", "refund", "csat"]

[[stage]]
name = "loyalty"
phase = "after"
goal = "They come back without an ad."
owner = "marketing"
touchpoints = ["account page", "loyalty card"]

[[stage]]
name = "advocacy"
phase = "after"
goal = "They tell others."
owner = "marketing"
touchpoints = ["review", "recommendation"]
events = ["nps"]

[carts.roles]
view = ["view_item"]
add = ["add_to_cart"]
view_cart = ["view_cart"]
begin_checkout = ["shipping_step"]
payment = ["payment_step"]
purchase = ["purchase"]
refund = ["refund"]
reminder = ["cart_reminder"]

[[funnel]]
name = "buy"
steps = ["product page", "add to cart", "shipping step", "payment step", "purchase"]
window = "7d"

[[funnel]]
name = "checkout"
steps = ["cart page", "shipping step", "payment step", "purchase"]
window = "1d"
count = "sessions"

[[funnel]]
name = "onboard"
steps = ["purchase", "setup guide", "first use"]
window = "28d"
"""
