"""Filled forms in the words of OData 4, as ODK Central tells them."""
