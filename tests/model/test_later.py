"""Modules that are loaded when something of them is asked for."""

import subprocess
import sys
from pathlib import Path
from textwrap import dedent


def said(code: str, cwd: Path) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", dedent(code)], capture_output=True, text=True, check=True, cwd=cwd, timeout=60
    )
    return done.stdout.split()


def test_asyncio_runs_without_tls_and_whoever_wants_it_has_it(tmp_path: Path):
    code = """
        import sys
        from portdash.later import TLS, later
        with later(TLS):
            import asyncio
        import ssl
        print(asyncio.run(asyncio.sleep(0, "runs")), "_ssl" in sys.modules, "ssl" in sys.modules)
        print(ssl.create_default_context().check_hostname, "_ssl" in sys.modules, type(ssl).__name__)
        print(asyncio.sslproto.SSLProtocol.__name__, asyncio.base_events.ssl is ssl is sys.modules["ssl"])
        print(ssl.__spec__.loader is ssl.__loader__, type(ssl.__loader__).__name__)
        print(any(type(each).__module__ == "portdash.later" for each in sys.meta_path))
    """
    assert said(code, tmp_path) == [
        "runs", "False", "True",
        "True", "True", "module",
        "SSLProtocol", "True",
        "True", "SourceFileLoader",
        "False",
    ]  # fmt: skip


def test_an_encrypted_connection_is_made_as_ever(tmp_path: Path):
    code = """
        from portdash.later import TLS, later
        with later(TLS):
            import asyncio
        async def hang_up(reader, writer):
            await reader.read(1)
            writer.close()
        async def main():
            import ssl
            server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
            port = server.sockets[0].getsockname()[1]
            try:
                await asyncio.open_connection("127.0.0.1", port, ssl=ssl.create_default_context(), server_hostname="x")
            except OSError as error:
                print(type(error).__name__)
        asyncio.run(main())
    """
    assert said(code, tmp_path) == ["ConnectionResetError"]


def test_threads_that_ask_at_once_find_all_of_it_loaded_once(tmp_path: Path):
    (tmp_path / "slow_one.py").write_text(
        "import threading\nprint('loaded')\nfirst = 1\nthreading.Event().wait(0.2)\nlast = 2\n"
    )
    code = """
        import sys, threading
        sys.path.insert(0, ".")
        from portdash.later import later
        with later(frozenset({"slow_one"})):
            import slow_one
        together = threading.Barrier(8)
        def ask():
            together.wait()
            assert slow_one.last == 2
            told.append("last")
        told = []
        threads = [threading.Thread(target=ask) for _ in range(8)]
        [each.start() for each in threads]
        [each.join() for each in threads]
        print(*told)
    """
    assert said(code, tmp_path) == ["loaded", *["last"] * 8]


def test_what_is_not_there_is_said_as_ever(tmp_path: Path):
    (tmp_path / "broken_one.py").write_text("import os\nif not os.path.exists('mended'): raise ValueError('broken')\n")
    code = """
        import sys
        sys.path.insert(0, ".")
        from portdash.later import later
        with later(frozenset({"broken_one", "no_such_one"})):
            import broken_one
            try:
                import no_such_one
            except ModuleNotFoundError:
                print("missing")
        try:
            broken_one.value
        except ValueError as error:
            print(error)
        open("mended", "w").close()
        try:
            broken_one.value
        except AttributeError as error:
            print(str(error).replace(" ", "_"))
    """
    assert said(code, tmp_path) == ["missing", "broken", "module_'broken_one'_has_no_attribute_'value'"]


def test_names_that_are_promised_are_imported_without_their_module_and_do_all_that_it_does(tmp_path: Path):
    (tmp_path / "side_one.py").write_text(
        "print('loaded')\ndef double(number, by=2): return number * by\nclass Base:\n    limit = 3\nNumber = int\n"
    )
    uses = {
        "double(4, by=3)": "12",
        "Base.limit": "3",
        "type('Derived', Base.__mro_entries__(()), {}).limit": "3",
        "derived().limit": "3",
        "isinstance(1, Number), issubclass(bool, Number)": "True True",
        "Number | None, '/', None | Number": "int | None / None | int",
    }
    for use, outcome in uses.items():
        code = f"""
            import sys
            sys.path.insert(0, ".")
            from portdash.later import later
            with later(frozenset(), {{"side_one": frozenset({{"double", "Base", "Number"}})}}):
                from side_one import Base, Number, double
            def derived():
                class Derived(Base):
                    pass
                return Derived()
            print("imported")
            print({use})
            from side_one import Base as base
            print(type(sys.modules["side_one"]).__name__, base is sys.modules["side_one"].Base)
        """
        assert " ".join(said(code, tmp_path)) == f"imported loaded {outcome} module True", use


def test_a_copy_of_what_is_promised_is_the_thing_itself(tmp_path: Path):
    (tmp_path / "side_four.py").write_text("print('loaded')\ndef double(number): return number * 2\nclass Base: pass\n")
    for use in ("copy.copy(it)", "copy.deepcopy([it])[0]", "pickle.loads(pickle.dumps(it))", "pickle.loads(old(it))"):
        code = f"""
            import copy, functools, pickle, sys
            sys.path.insert(0, ".")
            from portdash.later import later
            with later(frozenset(), {{"side_four": frozenset({{"double", "Base"}})}}):
                from side_four import Base, double
            old = functools.partial(pickle.dumps, protocol=0)
            print("imported")
            print(*({use} is getattr(sys.modules["side_four"], it.__name__) for it in (Base, double)))
        """
        assert said(code, tmp_path) == ["imported", "loaded", "True", "True"], use


def test_one_that_was_made_without_a_promise_has_nothing_and_says_so(tmp_path: Path):
    (tmp_path / "side_five.py").write_text("print('loaded')\nfirst = 1\n")
    code = """
        import sys
        sys.path.insert(0, ".")
        from portdash.later import later
        with later(frozenset(), {"side_five": frozenset({"first"})}):
            from side_five import first
        print(hasattr(object.__new__(type(first)), "__setstate__"))
    """
    assert said(code, tmp_path) == ["False"]


def test_a_name_that_was_not_promised_loads_its_module(tmp_path: Path):
    (tmp_path / "side_two.py").write_text("print('loaded')\nfirst, second = 1, 2\n")
    code = """
        import sys
        sys.path.insert(0, ".")
        from portdash.later import later
        with later(frozenset(), {"side_two": frozenset({"first"})}):
            from side_two import first
            print("imported")
            from side_two import second
            from side_two import first as now
            print(second, now)
    """
    assert said(code, tmp_path) == ["imported", "loaded", "2", "1"]


def test_a_promise_that_is_not_kept_is_said_when_it_is_used(tmp_path: Path):
    (tmp_path / "side_three.py").write_text("def other(): return promised()\n")
    code = """
        import sys
        sys.path.insert(0, ".")
        from portdash.later import later
        with later(frozenset(), {"side_three": frozenset({"promised"})}):
            from side_three import promised
        try:
            promised()
        except AttributeError as error:
            print(str(error).replace(" ", "_"))
    """
    assert said(code, tmp_path) == ["module_'side_three'_has_no_attribute_'promised'"]
