"""Files that describe apps: our TOML, and PM2's JSON, YAML and JavaScript.

Nothing is imported here: most commands only ask `formats` whether a word is such a file.
"""
