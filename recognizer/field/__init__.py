"""A row of characters on a page: where they are, and where touching ones are cut apart."""
