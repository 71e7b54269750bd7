"""Tables in files of strangers: CSV and xlsx, read row by row, every cell as text.

A file is an attack until it is shown to be a table. A workbook's zip directory is checked before
anything unpacks it, the program that unpacks it is a child process with limits of memory and time,
and neither a workbook nor a CSV file is ever held in memory here.
"""
