import os
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cluster_faults as faults
import dask
import pytest
from cluster_faults import scale
from distributed import Client, LocalCluster
from distributed.security import Security
from loopback_cluster import one_thread

from pitscape.imagery.errors import InputError, PitscapeError
from pitscape.inference.cluster import connection, workers
from pitscape.inference.cluster.connection import check_address, connected
from pitscape.inference.cluster.submitted import RETRIES
from pitscape.inference.cluster.tasks import PATIENCE, run_tasks
from pitscape.inference.cluster.workers import ClusterLostError, check_memory, processor, threads_of


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with dask.config.set({"distributed.scheduler.allowed-failures": 1}), connected("local:2") as found:
        yield found


def test_results_come_by_name(client: Client) -> None:
    told: list[tuple[str, int]] = []
    given = {str(n): n for n in range(40)}
    outcome = run_tasks(client, faults.double, given, on_result=lambda *one: told.append(one))
    assert outcome.results == {str(n): 2 * n for n in range(40)}
    assert outcome.failures == {}
    assert sorted(told) == sorted(outcome.results.items())
    assert run_tasks(client, faults.double, {}).results == {}


def test_local_workers_take_no_orders_of_others_on_this_machine(client: Client) -> None:
    address = client.scheduler.address
    assert re.fullmatch(r"tls://127\.0\.0\.1:\d+", address)
    with pytest.raises(OSError, match="TLS"):
        Client(address, timeout=2, security=Security.temporary())
    with pytest.raises(OSError, match=r"reset|closed|Timed out"):
        Client(address.replace("tls", "tcp"), timeout=2)


def test_tasks_that_fail_are_told_and_the_others_are_done(client: Client) -> None:
    outcome = run_tasks(client, faults.fail_on_odd, {str(n): n for n in range(6)})
    assert sorted(outcome.results) == ["0", "2", "4"]
    assert outcome.failures == {str(n): f"{n} is odd" for n in (1, 3, 5)}


def test_wrong_input_is_not_tried_again_and_what_may_pass_is(client: Client, tmp_path: Path) -> None:
    outcome = run_tasks(client, faults.refuse, {"one": tmp_path / "tries"})
    assert outcome.failures == {"one": "wrong input"}
    assert (tmp_path / "tries").read_text() == "x"
    assert run_tasks(client, faults.fail_once, {"one": tmp_path / "once"}).results == {"one": "done"}
    assert RETRIES > 0


def test_what_fails_everywhere_is_not_tried_to_the_last(client: Client) -> None:
    outcome = run_tasks(client, faults.fail_on_odd, {str(n): 2 * n + 1 for n in range(200)})
    assert PATIENCE <= len(outcome.failures) < 60
    assert outcome.results == {}


def test_another_version_on_a_worker_is_told(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pitscape.inference.cluster.submitted.version", lambda _: "9.9")
    outcome = run_tasks(client, faults.double, {"one": 1})
    assert outcome.failures["one"].endswith("this is 9.9; install the same on all machines.")


def test_a_task_that_kills_its_worker_is_told_and_the_others_are_done(client: Client) -> None:
    outcome = run_tasks(client, faults.die_on_three, {str(n): n for n in range(8)})
    assert sorted(outcome.results) == [str(n) for n in range(8) if n != 3]
    assert outcome.failures == {"3": "no worker survived it (tries: 2); they may have too little memory"}


def test_workers_that_are_killed_and_that_join_leave_nothing_undone(client: Client) -> None:
    scale(client, 2)
    victims = list(client.run(os.getpid).values())

    def strike(name: str, _: int) -> None:
        if name == "4":
            os.kill(victims[0], signal.SIGKILL)
            client.cluster.scale(3)

    outcome = run_tasks(client, faults.wait, {str(n): n for n in range(24)}, on_result=strike)
    assert outcome.results == {str(n): n for n in range(24)}
    scale(client, 2)


def test_workers_that_are_to_come_are_waited_for(client: Client) -> None:
    scale(client, 0)
    told: list[str] = []
    later = threading.Timer(1.2, client.cluster.scale, [2])
    later.start()
    assert set(threads_of(client, told.append)) == {1}
    later.join()
    assert told == ["waiting for workers: the cluster has none yet"]


def after(wanted: str, act: Callable[..., object], *given: object) -> Callable[[str, object], None]:
    """What acts once a task is done."""

    def on_result(name: str, _: object) -> None:
        if name == wanted:
            act(*given)

    return on_result


def within(seconds: float, holds: Callable[[], bool]) -> None:
    """Something comes to hold in that time."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_run_whose_last_worker_is_gone_ends_and_leaves_nothing_to_the_scheduler(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As at the end of the time that a job queue has given."""
    monkeypatch.setattr(workers, "ALONE_S", 1.2)
    told: list[str] = []
    message = r"^3[67] of 40 tasks are missing: there was no worker for 0\.02 minutes; start some\.$"
    with one_thread() as there, Client(there) as client:
        leave = after("2", there.scale, 0)
        with pytest.raises(ClusterLostError, match=message):
            run_tasks(client, faults.wait, {str(n): n for n in range(40)}, on_result=leave, tell=told.append)
        within(5, lambda: not there.scheduler.tasks)
    assert told == ["waiting for workers: none is left"]


def test_workers_that_come_in_place_of_the_last_do_what_is_left() -> None:
    told: list[str] = []
    with one_thread() as there, Client(there) as client:

        def told_of(line: str) -> None:
            told.append(line)
            there.scale(1)

        leave, given = after("1", there.scale, 0), {str(n): n for n in range(9)}
        outcome = run_tasks(client, faults.wait, given, on_result=leave, tell=told_of)
    assert outcome.results == {str(n): n for n in range(9)}
    assert told == ["waiting for workers: none is left"]


def test_a_scheduler_that_is_lost_between_tasks_is_told_in_one_way() -> None:
    lost, given = r"the scheduler was lost; start it\.$", {str(n): n for n in range(6)}
    with one_thread() as there, Client(there.scheduler_address, timeout=1) as client:
        with pytest.raises(ClusterLostError, match=rf"^[345] of 6 tasks are missing: {lost}"):
            run_tasks(client, faults.double, given, on_result=after("2", there.close))
        within(10, lambda: client.status == "closed")
        with pytest.raises(ClusterLostError, match=f"^1 of 1 tasks are missing: {lost}"):
            run_tasks(client, faults.double, {"one": 1})
        with pytest.raises(ClusterLostError, match=f"^{lost}"):
            threads_of(client)
        with pytest.raises(ClusterLostError, match=f"^{lost}"):
            check_memory(client, 100)


def test_the_first_worker_of_a_scheduler_is_waited_for_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "ALONE_S", 0.1)
    told: list[str] = []
    with one_thread(n_workers=0) as there:
        later = threading.Timer(1.2, there.scale, [1])
        later.start()
        with connected(there.scheduler_address, tell=told.append) as client:
            assert threads_of(client) == [1]
        later.join()
    assert told == ["waiting for workers: the cluster has none yet"]


def test_a_client_need_not_be_the_default_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("distributed.client._global_clients", {})
    with one_thread() as there, Client(there, set_as_default=False) as client:
        assert run_tasks(client, faults.double, {"one": 1}).results == {"one": 2}


def test_a_processor_is_told_by_its_kind_and_instructions() -> None:
    import numpy as np

    found = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
    assert processor().split()[1:] == found
    assert processor().split()[0] == os.uname().machine


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("tcp://192.0.2.7:8786", "a scheduler runs anyone's code; give tls://"),
        ("tcp://scheduler.example:8786", "a scheduler runs anyone's code; give tls://"),
        ("http://127.0.0.1:8786", "give tcp://HOST:PORT, tls://HOST:PORT or local:N"),
        ("127.0.0.1:8786", "give tcp://HOST:PORT, tls://HOST:PORT or local:N"),
        ("tcp://[::1:8786", "give tcp://HOST:PORT, tls://HOST:PORT or local:N"),
        ("tcp://127.0.0.1:87866", "give tcp://HOST:PORT, tls://HOST:PORT or local:N"),
        ("local", "give tcp://HOST:PORT, tls://HOST:PORT or local:N"),
        ("local:0", "give local:N with at least one worker"),
    ],
)
def test_open_addresses_and_others_are_refused(address: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem), connected(address):
        pass


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:8786", "tcp://localhost:1", "tcp://[::1]:8786", "tls://a.b:8786"])
def test_this_machine_and_encrypted_addresses_are_taken(address: str) -> None:
    check_address(address)


def test_a_scheduler_that_others_reach_is_refused_at_its_loopback_address_too() -> None:
    """dask's listens to all unless it is told otherwise."""
    with one_thread(n_workers=0, host="0.0.0.0") as there:  # noqa: S104 - no worker does anything for whoever comes
        port = there.scheduler_address.rsplit(":", 1)[1]
        message = (
            rf"127\.0\.0\.1:{port}: its scheduler listens at tcp://0\.0\.0\.0:{port}, .*; start it with --host 127"
        )
        with pytest.raises(InputError, match=message), connected(f"tcp://127.0.0.1:{port}"):
            pass


def test_a_scheduler_of_this_machine_alone_is_taken() -> None:
    with one_thread(n_workers=0) as there, connected(there.scheduler_address) as client:
        assert client.status == "running"


def test_where_no_scheduler_answers_one_line_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "CONNECT_S", 1)
    message = r"--cluster tcp://127\.0\.0\.1:9: no scheduler was reached there"
    with pytest.raises(PitscapeError, match=message), connected("tcp://127.0.0.1:9"):
        pass


def test_a_client_that_is_given_is_left_open(client: Client) -> None:
    with connected(client) as found:
        assert found is client
    assert client.status == "running"


def test_tls_takes_the_certificates_that_dask_is_told_of(tmp_path: Path) -> None:
    made = Security.temporary()
    files = {}
    for name, text in (("ca", made.tls_ca_file), ("cert", made.tls_client_cert), ("key", made.tls_client_key)):
        files[name] = tmp_path / f"{name}.pem"
        files[name].write_text(text)
    keys = {"ca-file": files["ca"], "client.cert": files["cert"], "client.key": files["key"]}
    named = {f"distributed.comm.tls.{key}": str(file) for key, file in keys.items()}
    with LocalCluster(
        n_workers=1,
        threads_per_worker=1,
        processes=False,
        dashboard_address="127.0.0.1:0",
        security=made,
        protocol="tls://",
    ) as there:
        with dask.config.set(named), connected(there.scheduler_address) as client:
            assert run_tasks(client, faults.double, {"one": 1}).results == {"one": 2}
        with pytest.raises(InputError, match="needs certificates; name them"), connected(there.scheduler_address):
            pass
