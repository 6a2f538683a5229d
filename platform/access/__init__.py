"""Who may do what, what is said when they may not, and the record of what they did."""
