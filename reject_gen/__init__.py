"""Non-digits, made in as many different ways as possible; knows arrays and never the recognizer."""
