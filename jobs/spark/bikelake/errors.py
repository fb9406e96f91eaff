class Refused(Exception):
    """What a person has to put right before the run can go on. The message names the object and the remedy."""

    def __init__(self, reason, message):
        super().__init__(f"{reason}: {message}")
        self.reason = reason
        self.message = message
