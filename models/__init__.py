"""Networks and the cards that say what they need: importing this loads no torch."""
