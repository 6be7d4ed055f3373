"""Folders in archives: no more is read than a file of that length may hold."""

import io

import pytest
from facetex_model_zoo.folders import _Bounded


def test_a_stream_is_read_as_far_as_it_may_be_and_no_further():
    stream = _Bounded(io.BytesIO(b"abcdef"), 4)
    assert (stream.read(3), stream.read(1)) == (b"abc", b"d")
    with pytest.raises(ValueError, match="declares more data than a file of its length may hold"):
        stream.read(1)


@pytest.mark.parametrize("size", [5, -1])
def test_a_piece_that_is_larger_than_all_that_may_be_read_is_refused(size):
    with pytest.raises(ValueError, match="declares more data than a file of its length may hold"):
        _Bounded(io.BytesIO(b"abcdef"), 4).read(size)
