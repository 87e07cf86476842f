"""What the tasks are made of: reading a dataset as arrays, and writing columns and models back.

A task in `tasks/` is a recipe that names its steps in order; what several recipes share, or what
takes more than a few lines, stands here.
"""
