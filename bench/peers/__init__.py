"""What a team would pick instead, and the limit of what can be had."""
