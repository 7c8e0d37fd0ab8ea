import pytest

from sattrack.errors import DetectorError, UsageError
from sattrack.executors.joining import checked_address, joined


def test_an_address_is_a_host_and_a_port_and_a_cluster_without_tokens_is_not_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    assert checked_address("head.cluster:6379") == "head.cluster:6379"
    for wrong in ("ray://head:10001", "head", "http://head:1", "head:6379/x"):
        with pytest.raises(UsageError, match="--ray-address"):
            checked_address(wrong)
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    with (
        pytest.raises(UsageError, match="whoever reaches a cluster without tokens"),
        joined("127.0.0.1:1", workers=1, gpus=False),
    ):
        pass


def test_a_cluster_that_is_not_there_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ray")
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    with (
        pytest.raises(DetectorError, match=r"Ray cannot be reached at 127\.0\.0\.1:1: .*refused.*check that the cluster runs"),
        joined("127.0.0.1:1", workers=1, gpus=False),
    ):
        pass
