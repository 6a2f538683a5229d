"""Orders, as a tutorial has them."""

from typing import Any

from django.db import models


class Order(models.Model):
    """An order."""

    number = models.CharField(max_length=40)
    email = models.EmailField()
    name = models.CharField(max_length=200)
    shipping = models.DecimalField(max_digits=10, decimal_places=2)
    total = models.DecimalField(max_digits=10, decimal_places=2)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.number

    def as_context(self) -> dict[str, Any]:
        """Return what the mail's templates are written with; reads the lines."""
        return {
            "order": {
                "number": self.number,
                "shipping": str(self.shipping),
                "total": str(self.total),
                "items": [
                    {
                        "sku": line.sku,
                        "name": line.name,
                        "quantity": line.quantity,
                        "unit_price": str(line.unit_price),
                        "total": str(line.unit_price * line.quantity),
                    }
                    for line in self.lines.all()
                ],
            },
            "customer": {"name": self.name},
            "shop": {"name": "Moon & Leaf", "url": "https://shop.example.com"},
        }


class Line(models.Model):
    """A line of an order."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    sku = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    quantity = models.IntegerField()
    unit_price = models.DecimalField(max_digits=10, decimal_places=2)

    def __str__(self) -> str:
        return self.name
