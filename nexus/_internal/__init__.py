"""What the object layer is made of; not for users."""
