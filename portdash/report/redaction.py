"""Taking out of a text what should not leave this machine: the home directory, and secrets.

What counts as a secret is decided by the word before it (`--token X`, `API_KEY=X`, `Authorization: X`) or by its place
in a URL. Rather too much is masked than too little.
"""

import re
from functools import cache, lru_cache

from portdash.record import record

MASK = "***"

_WORDS = (
    r"(?:token|secret|passw(?:or)?d|passphrase|passcode|pass(?![a-z])|[-_]pwd|(?:api|access|private)key|[-_]key|(?<=[?&])key"
    r"|auth(?!or)|authoriz|credential|cookie|session|bearer|signature)[\w.-]{0,64}"
)
_UNMASKED = r"""(?!\*{3}(?:['"\s]|$))"""
_VALUE = r"""(?:'[^']*'?|"[^"]*"?|[^\s'"])+"""
"""A word as a shell has it: quoted parts may hold spaces, and one that is never closed runs to the end."""

Rule = tuple[re.Pattern[str], str]


@cache
def _rules() -> tuple[Rule, ...]:
    """Return what is looked for and what takes its place, in order. To compile it takes as long as a whole look."""
    # Nothing repeats without a bound before its anchor: a hostile argument of 4,000 letters must not cost seconds.
    return (
        (re.compile(r"""(?i)([a-z][a-z0-9+.-]{0,30}://)[^\s/?#'"]*@"""), rf"\1{MASK}@"),
        # A password with an unescaped slash: not a proper URL, and yet what people write into a store's.
        (re.compile(r"""(?i)([a-z][a-z0-9+.-]{0,30}://)[^\s/?#'"@:]*:(?!\d+[/?#])[^\s'"]*@"""), rf"\1{MASK}@"),
        (re.compile(r"(?i)\b((?:proxy-)?authorization|(?:set-)?cookie)(\s*[:=]\s*)[^'\"]+"), rf"\1\2{MASK}"),
        (re.compile(rf"(?i)\b(bearer)(\s+){_UNMASKED}{_VALUE}"), rf"\1\2{MASK}"),
        (re.compile(rf"(?i)({_WORDS})(\s*[:=]\s*){_UNMASKED}{_VALUE}"), rf"\1\2{MASK}"),
        (re.compile(rf"(?i)(?<!\S)(--?[\w.-]{{0,64}}?{_WORDS})(\s+){_UNMASKED}{_VALUE}"), rf"\1\2{MASK}"),
    )


def mask_secrets(text: str) -> str:
    """Return `text` with the values of secret-like flags, variables and headers, and URL credentials, masked."""
    for pattern, masked in _rules():
        text = pattern.sub(masked, text)
    return text


@record
class Redaction:
    """What a report leaves out. Applying it twice changes nothing."""

    home: str = ""
    """The home directory, shown as `~`; empty where it is not known."""
    enabled: bool = True

    def __call__(self, text: str) -> str:
        """Return `text` as it may be shown to others."""
        if not self.enabled:
            return text
        return mask_secrets(self.path(text))

    def path(self, text: str) -> str:
        """Return `text` with the home directory, where it stands as a whole, written as `~`."""
        home = self.home.rstrip("/\\")
        return _home_pattern(home).sub("~", text) if self.enabled and home else text


@lru_cache(maxsize=8)
def _home_pattern(home: str) -> re.Pattern[str]:
    """Match `/home/ann`, also after the slashes of a URL, but neither in `/home/anna` nor in `/mnt/home/ann`."""
    return re.compile(rf"(?<![\w.~-]){re.escape(home)}(?![\w-]|\.\w)")
