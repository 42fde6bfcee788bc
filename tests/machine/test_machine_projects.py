"""Which project and workspace a directory belongs to, in trees as people and tools make them."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portdash.machine.manifests import LARGEST, manifest_name
from portdash.machine.projects import find_project, name_suffix, workspace_for, workspace_of
from portdash.machine.roots import MANIFESTS, has_manifest
from portdash.model.names import check_workspace
from portdash.model.project import Project
from portdash.model.workspace import Workspace


def make(path: Path, *names: str) -> Path:
    for name in names:
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("")
    path.mkdir(parents=True, exist_ok=True)
    return path


def root_of(directory: Path, home: Path) -> str | None:
    project = find_project(str(directory), home)
    return project.root if project else None


def git(*arguments: str, cwd: Path) -> None:
    who = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main")
    subprocess.run(["git", *who, *arguments], cwd=cwd, check=True, capture_output=True)


class TestRoots:
    def test_the_nearest_of_git_and_our_file(self, home: Path):
        shop = make(home / "src/shop", ".git/HEAD", "packages/web/package.json", "packages/web/src/x")
        assert root_of(shop / "packages/web/src", home) == str(shop)
        make(shop / "packages/web", "portdash.toml")
        assert root_of(shop / "packages/web/src", home) == str(shop / "packages/web")

    def test_else_the_nearest_manifest(self, home: Path):
        outer = make(home / "shop", "package.json", "api/src/x", "api/go.mod")
        assert root_of(outer / "api/src", home) == str(outer / "api")
        assert root_of(outer, home) == str(outer)

    @pytest.mark.parametrize("marker", MANIFESTS)
    def test_every_manifest_counts(self, home: Path, marker: str):
        place = make(home / "thing", marker)
        assert find_project(str(place), home) == Project(root=str(place), name="thing")

    @pytest.mark.parametrize(
        "place", ["node_modules/left-pad", "web/node_modules/@x/y/lib", ".venv/lib", "venv/lib/site-packages/x"]
    )
    def test_what_was_fetched_is_no_project_of_its_own(self, home: Path, place: str):
        shop = make(home / "shop", "package.json", f"{place}/package.json", f"{place}/pyproject.toml")
        assert find_project(str(shop / place), home) == Project(root=str(shop), name="shop")

    def test_a_manifest_among_the_system_s_programs_is_a_package_s_own(self):
        assert not has_manifest("/usr/lib/node_modules/npm")
        assert not has_manifest("/var/lib/postgresql/15/main")

    def test_in_a_repository_of_several_packages_the_nearest_manifest_names_the_package(self, home: Path):
        shop = make(home / "shop", ".git/HEAD", "apps/web/src/x", "apps/api/x")
        (shop / "package.json").write_text('{"name": "storefront"}')
        (shop / "apps/web/package.json").write_text('{"name": "@shop/site"}')
        make(shop, "apps/api/go.mod")
        found = {each: find_project(str(shop / each), home) for each in (".", "apps", "apps/web/src", "apps/api")}
        assert {each.root for each in found.values()} == {str(shop)}
        assert {each.name for each in found.values()} == {"storefront"}
        assert [each.package for each in found.values()] == [None, None, "site", "api"]

    def test_a_manifest_must_be_a_file(self, home: Path):
        make(home / "odd", "package.json/x")
        assert root_of(home / "odd", home) is None

    def test_home_is_no_project_and_nobody_looks_above_it(self, home: Path):
        make(home, ".git/HEAD", "package.json", "notes/x")
        make(home.parent, "package.json", ".git/HEAD", "portdash.toml")
        assert root_of(home / "notes", home) is None
        assert root_of(home, home) is None
        make(home, "portdash.toml")
        assert root_of(home / "notes", home) == str(home)

    def test_home_may_be_a_symlink(self, home: Path):
        link = home.parent / "link"
        link.symlink_to(home)
        make(home, ".git/HEAD", "notes/x")
        assert root_of(home / "notes", link) is None

    def test_outside_home_the_search_goes_up(self, home: Path, tmp_path: Path):
        place = make(tmp_path / "work/tool", "pyproject.toml", "a/b/x")
        assert root_of(place / "a/b", home) == str(place)

    @pytest.mark.parametrize("directory", ["/", "/usr", "/usr/lib", "/etc", "/tmp", "/var/lib", "/proc/self", "/home"])
    def test_the_system_is_no_project(self, home: Path, directory: str):
        assert root_of(Path(directory), home) is None

    @pytest.mark.parametrize("directory", ["", "relative", "/no/such/place", "/x\0y", "/home/a/shop (deleted)"])
    def test_what_is_no_directory_any_more_is_in_no_project(self, home: Path, directory: str):
        assert find_project(directory, home) is None


class TestGit:
    def test_a_real_repository_and_its_worktrees(self, home: Path):
        shop = make(home / "src/shop", "a")
        git("init", cwd=shop)
        git("commit", "--allow-empty", "-m", "x", cwd=shop)
        for place in ("../shop-fix-login", "../other", "../codex/1a2b/shop"):
            git("worktree", "add", place, cwd=shop)
        assert find_project(str(shop), home) == Project(root=str(shop), name="shop", repository="shop")
        labels = {
            place: find_project(str(home / "src" / place), home).label
            for place in ("shop", "shop-fix-login", "other", "codex/1a2b/shop")
        }
        assert labels == {
            "shop": "shop",
            "shop-fix-login": "shop@fix-login",
            "other": "shop@other",
            "codex/1a2b/shop": "shop@1a2b",
        }

    @pytest.mark.parametrize(
        ("text", "repository", "worktree"),
        [
            ("gitdir: /src/shop/.git/worktrees/fix\n", "shop", "here"),
            ("gitdir: ../shop/.git/worktrees/fix", "shop", "here"),
            ("gitdir: /src/shop.git/worktrees/fix", "shop", "here"),
            ("gitdir: /src/shop/.bare/worktrees/fix", "shop", "here"),
            ("gitdir: /src/here/.git/worktrees/fix", "here", "fix"),
            ("gitdir: ../.git/modules/here", "here", None),
            ("gitdir: /elsewhere", "here", None),
            ("", "here", None),
            ("nonsense", "here", None),
            ("gitdir: a\nb/worktrees/c", "here", None),
            ("gitdir: /src/\x1b[31m/.git/worktrees/x", "\\x1b[31m", "here"),
        ],
    )
    def test_what_a_git_file_says(self, home: Path, text: str, repository: str, worktree: str | None):
        place = make(home / "src/here")
        (place / ".git").write_text(text)
        project = find_project(str(place), home)
        assert (project.root, project.repository, project.worktree) == (str(place), repository, worktree)

    def test_a_pipe_is_not_waited_for(self, home: Path):
        place = make(home / "trap")
        os.mkfifo(place / ".git")
        os.mkfifo(place / "package.json")
        assert find_project(str(place), home) == Project(root=str(place), name="trap", repository="trap")


class TestNames:
    @pytest.mark.parametrize(
        ("file", "text", "name"),
        [
            ("package.json", '{"name": "web"}', "web"),
            ("package.json", '{"name": "@shop/web"}', "web"),
            ("package.json", '\ufeff{"name": "web"}', "web"),
            ("pyproject.toml", '[project]\nname = "api"\n', "api"),
            ("pyproject.toml", '[tool.poetry]\nname = "api"\n', "api"),
            ("Cargo.toml", '[package]\nname = "core"\n', "core"),
            ("go.mod", "// x\nmodule github.com/acme/gate/v2\n\ngo 1.22\n", "gate"),
            ("composer.json", '{"name": "acme/cart"}', "cart"),
            (
                "pom.xml",
                "<project><parent><artifactId>up</artifactId></parent>\n<artifactId> it </artifactId></project>",
                "it",
            ),
            ("mix.exs", "def project do\n    [app: :cart_web, version: 1]", "cart_web"),
            ("deno.json", '// the name\n{"name": "@shop/edge"}', "edge"),
            ("settings.gradle", "rootProject.name = 'warehouse'\n", "warehouse"),
            ("settings.gradle.kts", 'pluginManagement {}\n  rootProject.name = "stock"', "stock"),
        ],
    )
    def test_from_the_manifest(self, tmp_path: Path, file: str, text: str, name: str):
        (tmp_path / file).write_text(text)
        assert manifest_name(str(tmp_path)) == name

    @pytest.mark.parametrize(
        ("file", "data"),
        [
            ("package.json", b""),
            ("package.json", b"{"),
            ("package.json", b"[1]"),
            ("package.json", b'{"name": 7}'),
            ("package.json", b'{"name": {"a": "b"}}'),
            ("package.json", b'{"name": " / "}'),
            ("package.json", b"\xff\xfe\x00"),
            ("package.json", b"[" * 100_000),
            ("package.json", b'{"a": ' + b"9" * 10_000 + b"}"),
            ("package.json", b'{"name": "x", "y": "' + b"y" * LARGEST + b'"}'),
            ("pyproject.toml", b"name = "),
            ("pyproject.toml", b"a = " + b"[" * 50_000),
            ("pyproject.toml", b'project = "x"\n'),
            ("Cargo.toml", b"[workspace]\n"),
            ("go.mod", b"go 1.22\n"),
            ("pom.xml", b"<project>"),
            ("pom.xml", b"<parent>" * 120_000),
            ("pom.xml", b"<artifactId> " * 80_000),
            ("settings.gradle", b"\n" * 1_000_000),
            ("settings.gradle", b"rootProject.name = '${x}'"),
            ("deno.json", b"\n" * 1_000_000),
            ("deno.json", b"[" * 100_000),
            ("mix.exs", b"app: " * 200_000),
            ("Gemfile", b"source 'x'\n"),
        ],
    )
    def test_what_says_nothing_leaves_the_directory_s_name(self, home: Path, file: str, data: bytes):
        place = make(home / "shop", "Gemfile")
        (place / file).write_bytes(data)
        assert find_project(str(place), home).name == "shop"

    @given(st.text(max_size=100))
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
    def test_whatever_a_name_holds_can_be_shown(self, tmp_path: Path, text: str):
        (tmp_path / "package.json").write_text(json.dumps({"name": text}))
        name = manifest_name(str(tmp_path))
        assert name is None or (name.isprintable() and name)

    def test_what_is_no_small_file_is_not_read(self, home: Path):
        place = make(home / "shop", ".git/HEAD")
        (place / "package.json").symlink_to(place / "package.json")
        os.mkfifo(place / "pyproject.toml")
        with (place / "composer.json").open("wb") as huge:
            huge.truncate(100 * 1024 * 1024)
        (place / "go.mod").write_text("module example.org/kept\n")
        assert find_project(str(place), home).name == "kept"

    def test_a_directory_s_name_is_cleaned(self, home: Path):
        place = make(home / "a\x1b]0;x\x07", "Gemfile")
        assert find_project(str(place), home).name == "a\\x1b]0;x\\x07"


class TestWorkspaces:
    def test_named_after_the_directory_and_not_the_manifest(self, home: Path):
        place = make(home / "My Shop", "portdash.toml", "src/x")
        (place / "package.json").write_text('{"name": "other"}')
        assert workspace_for(place / "src", home) == Workspace(name="My-Shop", root=str(place))

    def test_outside_any_project_it_is_the_default(self, home: Path):
        assert workspace_for(home, home) == Workspace(name="default", root=None)
        assert workspace_for(home, home, base="mine") == Workspace(name="default", root=None)

    def test_a_linked_worktree_is_told_apart_by_its_root(self, home: Path):
        place = make(home / "shop-fix")
        (place / ".git").write_text("gitdir: /src/shop/.git/worktrees/fix\n")
        found = workspace_for(place, home)
        assert found == Workspace(
            name=f"shop~{name_suffix(str(place))}", root=str(place), repository="shop", worktree="fix"
        )
        assert found.label == "shop@fix"
        assert workspace_for(place, home, base="store").name == f"store~{name_suffix(str(place))}"
        assert workspace_of(find_project(str(place), home)) == found

    def test_the_main_one_keeps_the_plain_name(self, home: Path):
        place = make(home / "shop", ".git/HEAD")
        assert workspace_for(place, home) == Workspace(name="shop", root=str(place), repository="shop")
        assert workspace_for(place, home, base="store").name == "store"
        assert workspace_of(find_project(str(place), home)) == workspace_for(place, home)

    @pytest.mark.parametrize("name", ["\u202e", "…", "-", "x" * 200, "日本", "\udcff", "a~b"])
    def test_any_directory_gives_a_valid_name(self, home: Path, name: str):
        plain, linked = make(home / name, "portdash.toml"), make(home / "l" / name)
        (linked / ".git").write_text(f"gitdir: /{'y' * 200}/.git/worktrees/x")
        for place in (plain, linked):
            check_workspace(workspace_for(place, home).name)
