"""The one exception of the harness that is for the user."""


class CompareError(Exception):
    """`what`: "where: expected X, found Y"; `hint`: what to do about it."""

    def __init__(self, what, hint=""):
        super().__init__(what)
        self.hint = hint
