"""Plain strawberry as a team would write it: an ORM, a session a request, a DataLoader a relation."""
