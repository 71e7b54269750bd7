"""The door for ODK Collect and KoboCollect, which work with it unmodified."""
