"""Tables of a source, CSV, JSONL or Parquet, into batches of columns: what a file is, and which setting reads it."""
