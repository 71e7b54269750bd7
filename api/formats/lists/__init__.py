"""Lists of the government: files in, values of `sync.listed` out.

A format is data (`catalogue/*.toml`): which columns a file has, which field each one feeds, which
code list its answers are in, and why a column feeds none. Next year's list is a new file there, or
a map that whoever imports writes (`mapping`). `reading.read_lists` is the door.
"""
