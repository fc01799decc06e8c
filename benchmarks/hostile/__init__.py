"""Inputs that nobody vouches for, by the ten thousand: what reads them may refuse, and do no harm."""
