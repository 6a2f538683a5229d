"""Examples for the published schema; a test sends those that are requests."""

from drf_spectacular.utils import OpenApiExample

ADDRESS = {
    "name": "Kim Minji",
    "line1": "21 Sejong-daero",
    "line2": "Apt 1203",
    "city": "Seoul",
    "postal_code": "04524",
    "country": "KR",
    "phone": "+82 10-1234-5678",
}
FULL = {
    "number": "TEA-2026-0007",
    "customer": {"email": "minji@example.com", "name": "Kim Minji"},
    "locale": "ko",
    "currency": "KRW",
    "lines": [{"sku": "TEA-1", "name": "Green tea", "quantity": 2, "unit_price": "12000"}],
    "shipping": "3000",
    "discount": "0",
    "tax": "0",
    "shipping_address": ADDRESS,
    "billing_address": None,
    "url": "https://shop.example.com/orders/TEA-2026-0007",
    "metadata": {"channel": "web"},
}
LEAST = {
    "customer": {"email": "ada@example.com"},
    "currency": "USD",
    "lines": [{"name": "Teapot", "quantity": 1, "unit_price": "39.00"}],
}
PLACED = FULL | {
    "status": "placed",
    "is_paid": False,
    "legal_events": ["cancelled", "paid"],
    "lines": [
        {
            "sku": "TEA-1",
            "name": "Green tea",
            "quantity": 2,
            "unit_price": "12000",
            "total": "24000",
        }
    ],
    "subtotal": "24000",
    "total": "27000",
    "refunded_total": "0",
    "shipping_address": {"region": None, **ADDRESS},
    "created_at": "2026-03-14T09:26:53.589793Z",
    "updated_at": "2026-03-14T09:26:53.589793Z",
}
SHIPMENT = {
    "type": "shipped",
    "data": {
        "carrier": "Hanjin",
        "tracking_number": "456789012345",
        "tracking_url": "https://carrier.example.com/track/456789012345",
        "estimated_delivery": "2026-03-17",
    },
}

NEW_ORDERS = [
    OpenApiExample("With everything", value=FULL, request_only=True),
    OpenApiExample("With the least", value=LEAST, request_only=True),
]
NEW_EVENTS = [
    OpenApiExample("Paid", value={"type": "paid", "data": {"method": "Visa"}}, request_only=True),
    OpenApiExample("Shipped", value=SHIPMENT, request_only=True),
    OpenApiExample(
        "Refunded in part",
        value={"type": "refunded", "data": {"amount": "5000", "reason": "One cup was broken."}},
        request_only=True,
    ),
]
ORDER = OpenApiExample("An order", value=PLACED, response_only=True)
EVENT = OpenApiExample(
    "A shipment",
    value={
        "id": "019cec2e-93a5-7bb3-9f3c-0242ac120002",
        "event": "order.shipped",
        "order": "TEA-2026-0007",
        **SHIPMENT,
        "status_before": "paid",
        "status_after": "shipped",
        "created_at": "2026-03-14T15:09:26.535897Z",
    },
    response_only=True,
)
