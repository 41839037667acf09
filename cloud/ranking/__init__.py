"""The ranking model over entries: the profile, past events and candidates, one vector each."""
