"""Making models: weight conversion, picture sets, losses and training loops (needs the ``train`` extra)."""
