"""Tables and images as the bytes of a file, a module per format; none knows a database.

A writer yields its pieces, and before the first says in `notes` what the format cannot hold as
it is. Heavy libraries are imported by the writers, so that the program starts without them.
"""
