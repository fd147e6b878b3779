"""From labelled scenes to a trained network, and the baselines that it has to beat."""
