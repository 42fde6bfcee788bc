"""How texts name the keys: as they are bound now, so that no text promises a key that does something else."""

from collections.abc import Mapping

from portdash.record import record

_PALETTE = "palette"


@record
class KeyNames:
    """The names of the keys in force. `Keymap.names` makes one; ask it wherever a text speaks of a key.

    Commands are named by their ids. Raises KeyError for an id that there is not.
    """

    printed: Mapping[str, tuple[str, ...]]
    """Keys of each command as they are printed on a keyboard; empty for one that was switched off."""
    labels: Mapping[str, str]
    """What each command is called in the palette."""

    def first(self, command: str) -> str:
        """Return the key of a command; empty where it has none."""
        return next(iter(self.printed[command]), "")

    def way(self, command: str) -> str:
        """Return how a command is reached: its key, else its name in the palette, `:Allocate`. Never empty."""
        if key := self.first(command):
            return key
        opener = self.first(_PALETTE)
        gap = " " if len(opener) > 1 else ""
        return f"{opener}{gap}{self.labels[command]}"

    def hint(self, command: str, does: str) -> str:
        """Return `n next`; empty for a command without a key, whose hint is left out."""
        key = self.first(command)
        return f"{key} {does}".rstrip() if key else ""

    def hints(self, *each: tuple[str, str], gap: str = "   ") -> str:
        """Return the hints of several commands side by side."""
        return gap.join(hint for command, does in each if (hint := self.hint(command, does)))
