"""Seeded cases for every importer rule, judged from outside."""
