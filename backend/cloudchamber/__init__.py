"""Cloudchamber: the light half, from HTTP to the database. Imports neither torch nor the worker."""
