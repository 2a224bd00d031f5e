"""Plugins that start badly: each is refused with a sentence, in time, and the next one loads."""

from __future__ import annotations

import pickle
import shutil
import subprocess
from pathlib import Path

import pytest

from doubles import fresh
from doubles.stub_plugin import DOUBLES, Stub, build
from nexus import runtime as runtimes
from nexus.bindings import nxs
from nexus.bindings._internal import registry
from nexus.bindings.enums import Status
from nexus.bindings.errors import BackendUnavailableError, InvalidArgumentError

DEEDS = f'-DSTUB_DEEDS="{DOUBLES / "deeds.h"}"'


@pytest.fixture(autouse=True)
def _forget_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_unavailable", {})


def hostile(folder: Path, name: str, *deeds: str) -> Path:
    """Build a plugin that does what doubles/deeds.h calls so."""
    return build(folder, name, flags=(DEEDS, *(f"-D{deed}" for deed in deeds)))


def throwing(folder: Path, name: str, thrown: str) -> Path:
    """Build a plugin whose nxsInitialize throws."""
    part = folder / "throwing.o"
    command = ["c++", "-c", "-fPIC", f"-DTHROWN={thrown}", str(DOUBLES / "throwing.cpp")]
    subprocess.run([*command, "-o", str(part)], check=True)
    return build(folder, name, flags=("-DDEED_INITIALIZE", str(part), "-lstdc++"))


@pytest.mark.parametrize(
    ("thrown", "said"),
    [
        ('std::runtime_error("no luck")', "it throws an exception: no luck"),
        ("5", "it throws something that is no std::exception"),
        ("std::bad_alloc()", "there is no memory to start it"),
    ],
)
def test_an_exception_is_caught(thrown: str, said: str, tmp_path: Path) -> None:
    path = throwing(tmp_path, "thrower", thrown)
    for _ in range(2):
        with pytest.raises(
            BackendUnavailableError, match=f"'thrower' did not load: {path}: {said}"
        ):
            nxs.load_runtime(path)


def test_a_plugin_that_ends_its_thread_ends_no_more(tmp_path: Path) -> None:
    path = hostile(tmp_path, "leaver", "ENDS_ITS_THREAD")
    with pytest.raises(BackendUnavailableError, match="it ended the thread that it was started on"):
        nxs.load_runtime(path)


def test_a_number_that_was_not_used_is_used_by_the_next(tmp_path: Path) -> None:
    failing = [throwing(tmp_path, "t", "1"), hostile(tmp_path, "l", "ENDS_ITS_THREAD")]
    failing.append(build(tmp_path, "lacking", without=("nxsCreateEvent",)))
    fresh.run(f"""
    from nexus.bindings import nxs
    from nexus.bindings.errors import BackendUnavailableError
    for path in {[str(path) for path in failing]!r}:
        try:
            nxs.load_runtime(path)
        except BackendUnavailableError:
            continue
        raise AssertionError(path)
    assert nxs.load_runtime({str(build(tmp_path, "good"))!r}) == 0
    """)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (5, "nxsInitialize answers 5, which is no status; mend the plugin"),
        (-12345, "nxsInitialize answers status -12345 and gives no reason"),
        (Status.DeviceNotFound, "nxsInitialize answers status -1 and gives no reason"),
    ],
)
def test_an_odd_status_is_told(status: int, said: str, tmp_path: Path) -> None:
    path = hostile(tmp_path, f"odd{abs(status)}", "SAYS_NOTHING")
    Stub(path).refuse_to_start(status, "")
    with pytest.raises(BackendUnavailableError, match=said):
        nxs.load_runtime(path)


def test_words_that_are_no_text_are_shown_as_far_as_they_go(tmp_path: Path) -> None:
    path = hostile(tmp_path, "mumbler", "SAYS_NONSENSE")
    Stub(path).refuse_to_start(Status.DeviceNotFound, "")
    with pytest.raises(BackendUnavailableError, match="gr\ufffd \ufffd\ufffd!"):
        nxs.load_runtime(path)


def test_words_without_an_end_are_cut(tmp_path: Path) -> None:
    path = hostile(tmp_path, "babbler", "NEVER_ENDS")
    Stub(path).refuse_to_start(Status.DeviceNotFound, "")
    with pytest.raises(BackendUnavailableError) as caught:
        nxs.load_runtime(path)
    assert 4096 <= caught.value.message.count("x") < 4096 + 200


@pytest.mark.parametrize(
    ("deed", "words"),
    [
        ("SAYS_NOTHING", ""),
        ("SAYS_NONSENSE", "gr\ufffd \ufffd\ufffd!"),
        ("NEVER_ENDS", "x" * (1 << 20)),
    ],
)
def test_what_a_running_plugin_says_is_read_with_the_same_care(
    deed: str, words: str, tmp_path: Path
) -> None:
    path = hostile(tmp_path, f"speaker_{deed.lower()}", deed)
    runtime = nxs.load_runtime(path)
    assert nxs.get_last_error(runtime) == words
    Stub(path).answer(Status.InvalidEvent)
    with pytest.raises(InvalidArgumentError) as caught:
        nxs.create_event(runtime, 0)
    assert caught.value.message == (words or "The handle is no living event of this runtime")


def test_the_version_is_asked_for_once(tmp_path: Path) -> None:
    path = hostile(tmp_path, "fickle", "SECOND_VERSION=(9<<16)")
    runtime = nxs.load_runtime(path)
    assert nxs.runtime_name(runtime) == "fickle"


@pytest.mark.parametrize("version", [(0, 0), (0, 9), (2, 0), (65535, 65535)])
def test_any_other_major_version_is_refused(version: tuple[int, int], tmp_path: Path) -> None:
    path = build(tmp_path, "other", api_version=version)
    with pytest.raises(
        BackendUnavailableError, match=f"version {version[0]}.{version[1]} of the"
    ) as e:
        nxs.load_runtime(path)
    assert e.value.status is Status.IncompatibleVersion
    assert Stub(path).n_initialized == 0


def test_the_required_functions_that_are_missing_are_named(tmp_path: Path) -> None:
    lacking = ("nxsCreateEvent", "nxsWaitEvent")
    path = build(tmp_path, "lacking", without=lacking)
    with pytest.raises(
        BackendUnavailableError, match="lacks nxsWaitEvent|lacks nxsCreateEvent"
    ) as e:
        nxs.load_runtime(path)
    assert "it lacks nxsCreateEvent, nxsWaitEvent, which every plugin must have" in str(e.value)
    assert e.value.status is Status.InvalidBinary
    assert Stub(path).n_initialized == 0


def test_a_runtime_that_hangs_is_told_in_time_and_used_once_it_has_started(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    hanging = hostile(tmp_path, "hanging", "HANGS", f'GATE="{gate}"')
    build(tmp_path, "well")
    fresh.run(
        f"""
        import pathlib, time
        import nexus
        from nexus.bindings import nxs
        from nexus.bindings.enums import Status
        begin = time.monotonic()
        assert [nxs.runtime_name(n) for n in nxs.discover()][0] == "cpu"
        assert nxs.load_runtime("well") >= 0
        sentence = nxs.unavailable_runtimes()["hanging"]
        assert "it has not started yet, and had 0.5 s (NEXUS_LOAD_TIMEOUT)" in sentence, sentence
        for _ in range(100):  # is only looked at from now on
            try:
                nexus.get_runtime("hanging")
            except nexus.BackendUnavailableError as error:
                assert error.status is Status.DeviceNotAvailable
            else:
                raise AssertionError("it has not started")
        assert time.monotonic() - begin < 30
        pathlib.Path({str(gate)!r}).touch()
        while True:
            try:
                runtime = nexus.get_runtime("hanging")
                break
            except nexus.BackendUnavailableError:
                time.sleep(0.01)
        assert "hanging" not in nexus.unavailable_runtimes()
        nxs.create_event(runtime.runtime_number, 0)
        """,
        NEXUS_RUNTIME_PATH=str(tmp_path),
        NEXUS_LOAD_TIMEOUT="0.5",
    )
    assert hanging.exists()


INTERRUPTED = """
import os, signal, threading, time
import nexus
threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
begin = time.monotonic()
try:
    nexus.get_runtimes()
except KeyboardInterrupt:
    print("interrupted")
assert time.monotonic() - begin < 30
os.environ["NEXUS_LOAD_TIMEOUT"] = "0.1"
print(nexus.get_runtimes().names())
"""


@pytest.mark.parametrize("deed", ["HANGS", "HANGS_IN_VERSION"])
def test_ctrl_c_ends_the_wait_for_a_plugin_that_hangs(deed: str, tmp_path: Path) -> None:
    hostile(tmp_path, "hanging", deed, f'GATE="{tmp_path}/never"')
    printed = fresh.run(INTERRUPTED, NEXUS_RUNTIME_PATH=str(tmp_path))
    assert printed == "interrupted\n['cpu']\n"


def test_a_constructor_that_hangs_holds_the_systems_loader_and_not_the_caller(
    tmp_path: Path,
) -> None:
    # Nobody can open a library any more, nor leave by the usual door, which runs destructors.
    hostile(tmp_path, "hanging", "HANGS_IN_CONSTRUCTOR", f'GATE="{tmp_path}/never"')
    printed = fresh.run(
        f"""
        import os, sys
        import nexus
        nexus.get_runtime("cpu")
        os.environ["NEXUS_RUNTIME_PATH"] = {str(tmp_path)!r}
        print(nexus.get_runtimes().names(), nexus.unavailable_runtimes()["hanging"])
        sys.stdout.flush()
        os._exit(0)
        """,
        NEXUS_LOAD_TIMEOUT="0.5",
    )
    assert printed.startswith("['cpu'] ")
    assert "it has not started yet" in printed


def test_a_plugin_that_ends_the_process_ends_it_at_once(tmp_path: Path) -> None:
    path = hostile(tmp_path, "quitter", "EXITS=7")
    done = fresh.ended(f"from nexus.bindings import nxs; nxs.load_runtime({str(path)!r})")
    assert (done.returncode, done.stderr) == (7, "")


def test_threads_share_one_start_and_do_not_wait_for_another(tmp_path: Path) -> None:
    hanging = hostile(tmp_path, "hanging", "HANGS", f'GATE="{tmp_path}/never"')
    other = build(tmp_path, "other")
    fresh.run(
        f"""
        import threading, time
        from pathlib import Path
        from doubles.stub_plugin import Stub
        from nexus.bindings._internal import loader
        results = []
        def load():
            results.append(loader.open_plugin({str(hanging)!r}, 2))
        threads = [threading.Thread(target=load) for _ in range(8)]
        for thread in threads: thread.start()
        time.sleep(0.2)
        assert loader.open_plugin({str(other)!r}, 30)[0] >= 0
        for thread in threads: thread.join()
        assert [text for _, text in results] == [None] * 8
        assert Stub(Path({str(hanging)!r})).n_initialized == 1
        """
    )


def test_a_child_of_a_process_that_was_starting_one_is_told(tmp_path: Path) -> None:
    hostile(tmp_path, "hanging", "HANGS", f'GATE="{tmp_path}/never"')
    printed = fresh.run(
        """
        import os, sys, threading, time
        import nexus
        nexus.get_runtime("cpu")
        waiting = threading.Thread(target=nexus.unavailable_runtimes, daemon=True)
        waiting.start()
        time.sleep(0.5)
        if os.fork() == 0:
            print(nexus.unavailable_runtimes()["hanging"])
            print(nexus.get_runtime("cpu").name)
            sys.stdout.flush()
            os._exit(0)
        os.wait()
        os._exit(0)
        """,
        NEXUS_RUNTIME_PATH=str(tmp_path),
    )
    assert "it was being started when this process was forked" in printed
    assert printed.endswith("\ncpu\n")


@pytest.mark.parametrize("value", ["soon", "0", "-1", "nan", "1 2"])
def test_a_time_that_cannot_be_meant_is_refused(
    value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEXUS_LOAD_TIMEOUT", value)
    with pytest.raises(InvalidArgumentError, match=f"NEXUS_LOAD_TIMEOUT={value!r}: it is a number"):
        nxs.load_runtime(tmp_path / "libnexus_any.so")


@pytest.mark.parametrize("value", ["", " ", "inf", "1e3"])
def test_a_time_may_be_anything_else(
    value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEXUS_LOAD_TIMEOUT", value)
    assert nxs.load_runtime(build(tmp_path, f"timed_{len(value)}")) >= 0


def test_two_plugins_of_one_name_are_two_runtimes_and_the_first_has_the_name(
    tmp_path: Path,
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first, second = build(tmp_path / "a", "twin"), build(tmp_path / "b", "twin")
    numbers = [nxs.load_runtime(first), nxs.load_runtime(second)]
    assert len({*numbers}) == 2
    assert nxs.load_runtime("twin") == numbers[0]
    assert [nxs.runtime_path(number) for number in numbers] == [str(first), str(second)]
    for runtime in map(runtimes.of_number, numbers):
        assert pickle.loads(pickle.dumps(runtime)) is runtime


def test_the_second_of_a_name_is_not_tried_when_the_first_is_bad(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    bad = throwing(tmp_path / "a", "shadow", "1")
    good = build(tmp_path / "b", "shadow")
    monkeypatch.setenv("NEXUS_RUNTIME_PATH", f"{tmp_path / 'a'}:{tmp_path / 'b'}")
    with pytest.raises(BackendUnavailableError, match=f"{bad}.*; not tried, .*: {good}"):
        nxs.load_runtime("shadow")


def test_a_plugin_that_failed_to_open_is_tried_again_when_it_was_mended(tmp_path: Path) -> None:
    path = tmp_path / "libnexus_mended.so"
    path.write_bytes(b"not yet")
    with pytest.raises(BackendUnavailableError, match="no ELF shared object"):
        nxs.load_runtime(path)
    shutil.copyfile(build(tmp_path, "source"), path)
    assert nxs.load_runtime(path) >= 0
