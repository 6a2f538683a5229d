"""What would work, and could be better: advice, which never stands in the way of publishing."""
