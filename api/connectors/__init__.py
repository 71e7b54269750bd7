"""Other servers that forms are fetched from: KoboToolbox and ODK Central."""
