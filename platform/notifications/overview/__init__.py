"""The admin's home: did it leave, and if not, why, and what happens next?"""
