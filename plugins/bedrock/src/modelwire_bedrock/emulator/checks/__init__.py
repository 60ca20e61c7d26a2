"""What the rules look for; each check says what is wrong in AWS's words, or `None`."""
