"""The list of what a search found is kept with its run, also where that lies in an object store."""

import json

from tests.buckets import bucket, s3_server  # noqa: F401
from tests.catalogues.test_search_to_report import api  # noqa: F401


def test_the_list_of_a_run_in_a_bucket_is_that_of_a_run_in_a_folder(
    bucket, sattrack, served, host, detectors, site, api, tmp_path  # noqa: F811
) -> None:  # fmt: skip
    words = ("detect", "--catalogue", api, "--collection", "naip", "--sites", site, "--allow-remote", *host, "--no-report",
             "-q", "--detector", "bright_boxes:Bright")  # fmt: skip
    store = ("--store-endpoint", bucket.endpoint)
    there = sattrack(*words, "-o", f"s3://{bucket.name}/run", *store)
    assert there.code == 0, there.err
    here = sattrack(*words, "-o", tmp_path / "here")
    assert here.code == 0, here.err
    pulled = sattrack("pull", f"s3://{bucket.name}/run", tmp_path / "pulled", *store)
    assert pulled.code == 0, pulled.err
    content = (tmp_path / "here" / "items.json").read_bytes()
    assert len(json.loads(content)["features"]) == 5
    assert bucket.contents()["items.json"] == (tmp_path / "pulled" / "items.json").read_bytes() == content
