"""Networks by ONNX Runtime: what is none is refused with the runtime's last words."""

import pytest

from facetex_core import ConfigError, ModelError
from facetex_core.io.onnx_session import open_session, refuse_unknown


def test_a_file_that_is_no_network_is_refused_in_the_runtimes_last_words(tmp_path):
    path = tmp_path / "net.onnx"
    path.write_bytes(b"no network")
    with pytest.raises(ModelError, match=r"^net\.onnx is no network that ONNX Runtime can read: [^:\[]*Load model from"):
        open_session(path, "cpu")


def test_a_device_that_nobody_knows_is_refused():
    with pytest.raises(ConfigError, match=r"^no device 'tpu'; there are: cpu, cuda$"):
        refuse_unknown("tpu")
