"""From a model or engine file to a verdict on a machine, and to the steps that make an engine here."""
