"""The ranking model as files of the edge engines."""
