"""The zip of an evidence pack: the same files, the same bytes."""

import hashlib
import io
import zipfile

from hypothesis import given
from hypothesis import strategies as st

from sattrack.reports.evidence_zip import SUMS, zipped

NAMES = st.text("abcdefgh/._", min_size=1, max_size=12).filter(lambda name: name != SUMS)


@given(files=st.dictionaries(NAMES, st.binary(max_size=200), max_size=6), seed=st.randoms())
def test_the_order_in_which_files_were_made_does_not_matter(files, seed):
    shuffled = list(files.items())
    seed.shuffle(shuffled)
    assert zipped(files) == zipped(dict(shuffled))


@given(files=st.dictionaries(NAMES, st.binary(max_size=200), max_size=6))
def test_every_file_comes_back_with_its_digest_listed(files):
    with zipfile.ZipFile(io.BytesIO(zipped(files))) as pack:
        assert pack.testzip() is None
        assert {name: pack.read(name) for name in pack.namelist() if name != SUMS} == files
        lines = pack.read(SUMS).decode().splitlines()
        assert {entry.date_time for entry in pack.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert lines == [f"{hashlib.sha256(files[name]).hexdigest()}  {name}" for name in sorted(files)]
