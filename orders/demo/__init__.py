"""A believable week for a development database: orders, their mail, and what became of it.

`story` invents what happens, `stage` lets it happen through the real doors at the times of the
story: orders are placed, mail is enqueued, claimed and recorded, reports are taken as ever. Only
the providers are played.
"""
