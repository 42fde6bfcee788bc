"""A home and a project in it, to load configurations from."""

from dataclasses import dataclass, field
from pathlib import Path

from portdash.config.loading import check, load
from portdash.config.paths import state_dir
from portdash.config.settings import Config, Flags
from portdash.config.trust import record_trust


@dataclass
class Setting:
    """An empty home, a project in it, and the variables."""

    home: Path
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def project(self) -> Path:
        directory = self.home / "src" / "shop"
        directory.mkdir(parents=True, exist_ok=True)
        return directory

    @property
    def project_file(self) -> Path:
        return self.project / "portdash.toml"

    @property
    def user_file(self) -> Path:
        return self.home / ".config" / "portdash" / "config.toml"

    def user(self, text: str) -> None:
        self.user_file.parent.mkdir(parents=True, exist_ok=True)
        self.user_file.write_text(text)

    def shop(self, text: str | bytes, *, trusted: bool = False) -> None:
        self.project_file.write_bytes(text.encode() if isinstance(text, str) else text)
        if trusted:
            record_trust(self.project_file, state_dir(self.environ, self.home))

    def load(self, **flags: object) -> Config:
        return load(cwd=self.project, environ=self.environ, flags=Flags(**flags), home=self.home)

    def problems(self, **flags: object) -> list[str]:
        found = check(cwd=self.project, environ=self.environ, flags=Flags(**flags), home=self.home)
        return [f"{problem} | {problem.hint}" for problem in found]
