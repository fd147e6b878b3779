"""What satellites see of simulated land on a day."""
