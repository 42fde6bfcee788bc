"""portdash knows which service should have which port, which process really has it, and puts it right."""

__version__ = "0.1.0"
