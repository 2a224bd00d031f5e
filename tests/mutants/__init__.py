"""Faults that are planted to see whether the suite catches them."""
