import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sattrack.errors import StoreError, UsageError
from sattrack.stores.folder import RunFolder
from sattrack.stores.objects import Objects
from sattrack.stores.remote import RemoteParts, RemoteRun, pull
from tests.buckets import Bucket, bucket, s3_server  # noqa: F401
from tests.stores.test_folder import KEY, OTHER, index, part


def written(bucket: Bucket, copy: Path) -> RemoteRun:  # noqa: F811
    """A run of two parts at the bucket: one put here, one by a worker elsewhere."""
    run = RemoteRun(copy, bucket.objects())
    outcome = index().outcomes[0]
    with run.alone():
        run.put(KEY, part(5))
        run.write_index(index(outcomes=()))
        RemoteParts(bucket.objects()).put(OTHER, part(7, key=OTHER))
        run.write_index(index(outcomes=(outcome, replace(outcome, part="b", key=OTHER))))
        run.gather()
        (copy / "counts.csv").write_text("counts\n")
        run.publish()
    return run


def test_i7_parts_and_heads_are_the_same_bytes_there_as_in_a_folder(bucket: Bucket, tmp_path: Path) -> None:  # noqa: F811
    written(bucket, tmp_path / "copy")
    local = RunFolder(tmp_path / "local")
    local.put(KEY, part(5))
    local.put(OTHER, part(7, key=OTHER))
    there = bucket.contents()
    for key in (KEY, OTHER):
        name = f"parts/{key}.parquet"
        assert there[name] == (tmp_path / "local" / name).read_bytes() == (tmp_path / "copy" / name).read_bytes()
    assert there["counts.csv"] == b"counts\n"
    assert there["run.json"] == (tmp_path / "copy" / "run.json").read_bytes()
    assert sorted(name for name in there if "part" not in name) == ["counts.csv", "lock/000000001", "run.json"]


def test_what_is_there_is_known_and_copied_and_a_torn_or_foreign_part_is_done_again(
    bucket: Bucket, tmp_path: Path  # noqa: F811
) -> None:  # fmt: skip
    written(bucket, tmp_path / "copy")
    bucket.client.put_object(Bucket=bucket.name, Key=f"run/parts/{OTHER}.parquet", Body=b"PAR1 torn")
    again = RemoteRun(tmp_path / "fresh", bucket.objects())
    with again.alone():
        assert again.has(KEY)
        assert not again.has(OTHER)
        assert not again.has("ef03" * 10)
        RemoteParts(bucket.objects()).put(OTHER, part(7, key=OTHER))
        again.gather()
        assert len(again.get(OTHER).detections) == 7


def test_a_head_that_has_not_changed_is_not_put_again(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:  # fmt: skip
    run = RemoteRun(tmp_path / "copy", bucket.objects())
    with run.alone():
        names: list[str] = []
        put = run._objects.put
        monkeypatch.setattr(run._objects, "put", lambda name, content: (names.append(name), put(name, content)))
        run.write_index(index())
        run.write_index(index())
        run.write_index(index(notes=("more",)))
        run.publish()
    assert names[:2] == ["run.json", "run.json"]
    assert names[2:] == [names[-1]]  # the lock is given back
    assert names[-1].startswith("lock/")


def test_s7_a_run_of_another_version_is_refused_by_its_own_name(bucket: Bucket, tmp_path: Path) -> None:  # noqa: F811
    bucket.client.put_object(Bucket=bucket.name, Key="run/run.json", Body=json.dumps({"schema_version": "9"}).encode())
    with pytest.raises(StoreError, match=rf"s3://{bucket.name}/run/run.json: has schema version '9'"):
        RemoteRun(tmp_path / "copy", bucket.objects())
    with pytest.raises(StoreError, match=r"other: is not a run"):
        RemoteRun(tmp_path / "copy", bucket.objects("other"), create=False)


def test_a_part_that_is_gone_is_told_by_its_place(bucket: Bucket, tmp_path: Path) -> None:  # noqa: F811
    written(bucket, tmp_path / "copy")
    bucket.client.delete_object(Bucket=bucket.name, Key=f"run/parts/{OTHER}.parquet")
    with pytest.raises(StoreError, match=rf"s3://{bucket.name}/run/parts/{OTHER}.parquet: the part is gone"):
        pull(bucket.objects(), tmp_path / "pulled")


def test_a_run_is_pulled_whole_and_a_second_time_only_what_is_new(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:  # fmt: skip
    written(bucket, tmp_path / "copy")
    pulled = pull(bucket.objects(), tmp_path / "pulled")
    assert (pulled.parts, pulled.derived) == (2, {"counts.csv": b"counts\n"})
    apart = ("lock/", "counts.csv")
    there = {name: content for name, content in bucket.contents().items() if not name.startswith(apart)}
    here = {str(path.relative_to(tmp_path / "pulled")): path for path in (tmp_path / "pulled").rglob("*") if path.is_file()}
    assert {name: here[name].read_bytes() for name in there} == there
    assert sorted(here.keys() - there.keys()) == ["pulled-from.txt"]
    assert here["pulled-from.txt"].read_text() == f"s3://{bucket.name}/run of {bucket.endpoint}\n"
    (tmp_path / "pulled" / "report.html").write_text("of an earlier count")
    (tmp_path / "pulled" / "parts" / f"{OTHER}.parquet").write_bytes(b"torn here")
    objects, asked = bucket.objects(), []
    get = objects.get
    monkeypatch.setattr(objects, "get", lambda name: (asked.append(name), get(name))[1])
    assert pull(objects, tmp_path / "pulled").parts == 2
    assert not (tmp_path / "pulled" / "report.html").exists()
    assert [name for name in asked if name.startswith("parts/")] == [f"parts/{OTHER}.parquet"]
    assert RunFolder(tmp_path / "pulled", create=False).has(OTHER)


def test_a_part_that_is_not_what_was_written_is_told_when_it_is_pulled(bucket: Bucket, tmp_path: Path) -> None:  # noqa: F811
    written(bucket, tmp_path / "copy")
    name = f"parts/{OTHER}.parquet"
    content = bytearray(bucket.contents()[name])
    column = pq.ParquetFile(pa.BufferReader(bytes(content))).metadata.row_group(0).column(0)
    content[column.data_page_offset + column.total_compressed_size - 4] ^= 1  # of its last number
    assert hashlib.sha256(content).digest() != hashlib.sha256(bucket.contents()[name]).digest()
    bucket.client.put_object(Bucket=bucket.name, Key=f"run/{name}", Body=bytes(content))
    with pytest.raises(StoreError, match=rf"s3://{bucket.name}/run/{name}: the part cannot be read"):
        pull(bucket.objects(), tmp_path / "pulled")


def test_outlines_that_others_lay_while_a_run_is_pulled_are_not_taken_for_its_own(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:  # fmt: skip
    objects = bucket.objects()
    written(bucket, tmp_path / "copy")
    objects.put("sites.json", b"[]")
    get = objects.get

    def changed(name: str) -> bytes:
        if name.startswith("parts/"):
            objects.put("sites.json", b"others")
        return get(name)

    monkeypatch.setattr(objects, "get", changed)
    pull(objects, tmp_path / "pulled")
    assert (tmp_path / "pulled" / "sites.json").read_bytes() == b"[]"


def test_nothing_is_pulled_over_another_run_nor_where_there_is_none(bucket: Bucket, tmp_path: Path) -> None:  # noqa: F811
    written(bucket, tmp_path / "copy")
    RunFolder(tmp_path / "mine").write_index(index())
    with pytest.raises(UsageError, match="the folder holds another run"):
        pull(bucket.objects(), tmp_path / "mine")
    pull(bucket.objects(), tmp_path / "pulled")
    same_name = Objects(replace(bucket.at(), endpoint=bucket.endpoint.replace("127.0.0.1", "localhost")), tries=1, timeout_s=5)
    with pytest.raises(UsageError, match=rf"holds another run, pulled from s3://{bucket.name}/run of http://127"):
        pull(same_name, tmp_path / "pulled")
    with pytest.raises(StoreError, match="is not a run"):
        pull(bucket.objects("nothing"), tmp_path / "new")
    assert not (tmp_path / "new").exists()
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be made"):
        pull(bucket.objects(), tmp_path / "file")


@pytest.mark.parametrize("name", ["counts.csv", "report.html", "covers.json"])
def test_nothing_is_pulled_over_files_that_are_of_no_run(name: str, bucket: Bucket, tmp_path: Path) -> None:  # noqa: F811
    written(bucket, tmp_path / "copy")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / name).write_text("the user's own")
    with pytest.raises(UsageError, match=f"the folder holds {name}, which is not of this run"):
        pull(bucket.objects(), tmp_path / "mine")
    assert [(path.name, path.read_text()) for path in (tmp_path / "mine").iterdir()] == [(name, "the user's own")]


def test_a_worker_that_cannot_see_the_run_is_told_before_its_first_scene(bucket: Bucket) -> None:  # noqa: F811
    with pytest.raises(StoreError, match="is not a run"):
        RemoteParts(bucket.objects())
