"""One file for each event of an order's life; being here is what registers it.

To add one, copy `shipped.py`, and make the folder `templates_email/order.<name>/` with templates
for each locale. Nothing else: state machine, API, schema and admin follow.
"""
