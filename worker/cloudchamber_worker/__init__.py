"""Cloudchamber: the heavy half, from jobs to pixels and networks."""
