"""What kind of text a file is, by its name alone. Data, and two questions about it."""

from enum import StrEnum


class Form(StrEnum):
    """How a file is written, as far as ports in it are concerned."""

    PYTHON = "python"
    JAVASCRIPT = "javascript"
    GO = "go"
    JAVA = "java"
    KOTLIN = "kotlin"
    RUBY = "ruby"
    PHP = "php"
    RUST = "rust"
    DOTNET = "dotnet"
    ELIXIR = "elixir"
    C = "c"
    SHELL = "shell"
    POWERSHELL = "powershell"
    MAKE = "make"
    DOTENV = "dotenv"
    COMPOSE = "compose"
    DOCKERFILE = "dockerfile"
    PACKAGE = "package.json"
    JSON = "json"
    YAML = "yaml"
    TOML = "toml"
    INI = "ini"
    PROPERTIES = "properties"
    NGINX = "nginx"
    CADDY = "caddy"
    MARKUP = "markup"
    DOCS = "docs"


CODE = frozenset(
    (
        *(Form.PYTHON, Form.JAVASCRIPT, Form.GO, Form.JAVA, Form.KOTLIN, Form.RUBY, Form.PHP, Form.RUST),
        *(Form.DOTNET, Form.ELIXIR, Form.C),
    )
)
"""Programming languages."""
COMMANDS = frozenset(
    (Form.SHELL, Form.POWERSHELL, Form.MAKE, Form.PACKAGE, Form.DOCKERFILE, Form.COMPOSE, Form.YAML, Form.DOCS)
)
"""Where command lines stand."""

_ENDINGS = {
    Form.PYTHON: "py pyi pyw",
    Form.JAVASCRIPT: "js mjs cjs jsx ts mts cts tsx vue svelte astro",
    Form.GO: "go",
    Form.JAVA: "java groovy gradle scala",
    Form.KOTLIN: "kt kts",
    Form.RUBY: "rb ru rake",
    Form.PHP: "php",
    Form.RUST: "rs",
    Form.DOTNET: "cs fs vb",
    Form.ELIXIR: "ex exs",
    Form.C: "c h cc cpp cxx hh hpp m swift zig dart lua pl pm",
    Form.SHELL: "sh bash zsh fish ksh",
    Form.POWERSHELL: "ps1 psm1 bat cmd",
    Form.MAKE: "mk mak",
    Form.DOTENV: "env",
    Form.DOCKERFILE: "dockerfile",
    Form.JSON: "json jsonc json5",
    Form.YAML: "yml yaml",
    Form.TOML: "toml",
    Form.INI: "ini cfg cnf",
    Form.PROPERTIES: "properties",
    Form.NGINX: "conf nginx",
    Form.MARKUP: "xml html htm csproj service socket",
    Form.DOCS: "md markdown mdx rst adoc txt",
}
_BY_ENDING = {ending: form for form, endings in _ENDINGS.items() for ending in endings.split()}
_BY_NAME = {
    "package.json": Form.PACKAGE,
    **dict.fromkeys(("makefile", "gnumakefile", "justfile"), Form.MAKE),
    **dict.fromkeys(("dockerfile", "containerfile"), Form.DOCKERFILE),
    **dict.fromkeys(("procfile", ".envrc", ".bashrc", ".profile"), Form.SHELL),
    **dict.fromkeys(("gemfile", "rakefile", "guardfile"), Form.RUBY),
    "caddyfile": Form.CADDY,
    "readme": Form.DOCS,
}
_GENERATED = frozenset(
    (
        *("package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "pnpm-lock.yml", "composer.lock", "bun.lock"),
        *("deno.lock", "flake.lock", "packages.lock.json", "project.assets.json", "portdash.toml"),
        *("port_exports.sh", ".env.compose", "port_assignments.json"),
    )
)
"""Written by programs, portdash among them, or read by portdash already."""
_MINIFIED = (".min.js", ".min.mjs", ".min.css", ".bundle.js", ".map", ".d.ts", "-lock.json", ".lock.yaml")

SKIPPED_DIRECTORIES = frozenset(
    (
        *(".git", ".hg", ".svn", ".jj", "node_modules", "bower_components", "jspm_packages", "vendor", "third_party"),
        *("venv", ".venv", "virtualenv", "site-packages", "__pycache__", ".tox", ".nox", ".eggs", ".mypy_cache"),
        *(".pytest_cache", ".ruff_cache", ".hypothesis", "dist", "build", "out", "target", "coverage", "htmlcov"),
        *(".next", ".nuxt", ".output", ".svelte-kit", ".astro", ".turbo", ".parcel-cache", ".cache", ".gradle"),
        *(".terraform", ".serverless", ".yarn", ".pnpm-store", "_build", "deps", "Pods", "DerivedData", ".direnv"),
    )
)
"""What tools put there: dependencies, caches and what was built."""


def form_of(name: str) -> Form | None:
    """Return what a file of this name is, without its directory; None for one that is not looked into."""
    plain = name.casefold()
    if plain in _GENERATED or plain.endswith(_MINIFIED):
        return None
    if plain in _BY_NAME:
        return _BY_NAME[plain]
    stem, dot, ending = plain.rpartition(".")
    if plain.startswith((".env.", ".env-")) or plain == ".env" or ending == "env":
        return Form.DOTENV
    if plain.startswith(("dockerfile.", "containerfile.", "procfile.")):
        return Form.SHELL if plain.startswith("procfile") else Form.DOCKERFILE
    form = _BY_ENDING.get(ending) if dot else None
    if form is Form.YAML and "compose" in stem:
        return Form.COMPOSE
    return form


def in_skipped_directory(path: str) -> bool:
    """Say whether a path, relative and with `/`, leads through a directory that tools fill."""
    return not SKIPPED_DIRECTORIES.isdisjoint(path.split("/")[:-1])
