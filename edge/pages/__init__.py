"""One design for every report: pictures, tables and the HTML page that holds them, in one file."""
