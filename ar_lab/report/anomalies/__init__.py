"""What task=score found, shown: a table, pictures of the scores, and the examples at their ends."""
