"""Pictures drawn in code, so that the demo carries no photo of anybody."""
